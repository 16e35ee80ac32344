"""What can go wrong before a command has begun its work.

JobsError
└── ConfigError     presskeep.toml, or what it names, cannot be used
"""

from __future__ import annotations


class JobsError(Exception):
    """Raised when a command cannot do its work as asked; the message says what to do."""


class ConfigError(JobsError):
    """Raised when the configuration is missing or wrong; the message names the file, the key and the reason."""


class MissingConfig(ConfigError):
    """Raised when there is no configuration file; write one with `presskeep init`."""
