"""What went wrong in S3, in words an operator understands: boto3's three families of exceptions become ours, once."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import Any

from botocore import exceptions as boto
from botocore.parsers import ResponseParserError

from archive.errors import ObjectConflict, ObjectMissing, StoreDenied, StoreError, StoreUnavailable

FOREIGN = (boto.ClientError, boto.BotoCoreError, ResponseParserError)
"""All that a boto3 client raises; the three have no common base."""


class NotUnderstood(StoreError):
    """Raised when the store does not know something in the request, such as a header; ask for less."""


class PastEnd(StoreError):
    """Raised when the bytes asked for begin behind the object's end."""


def translate(exc: Exception, *, action: str, key: str | None, place: str) -> StoreError:
    """Our error for one of `FOREIGN`.

    `action` is a key of `PERMISSIONS`, `place` says which bucket at which endpoint; both go into the message.
    """
    failed = f"cannot {action} {key or 'the archive'} in {place}"
    if isinstance(exc, boto.ClientError):
        kind, reason = _refusal(exc, action)
    else:
        kind, reason = _silence(exc)
    message = f"{failed}: {' '.join(reason.split())}"
    if issubclass(kind, StoreUnavailable):
        return kind(message, key=key, retry_after=_retry_after(exc))
    return kind(message, key=key)


PERMISSIONS = {
    "write": "s3:PutObject",
    "read": "s3:GetObject (and s3:ListBucket for objects that are not there)",
    "list": "s3:ListBucket",
    "delete": "s3:DeleteObject",
    "list old versions of": "s3:ListBucketVersions",
    "list unfinished uploads of": "s3:ListBucketMultipartUploads",
    "discard an unfinished upload of": "s3:AbortMultipartUpload",
}
"""What one must be allowed to do for each action."""

_REGION = (StoreError, "the bucket lies in another region: set AWS_DEFAULT_REGION to the bucket's own")
_EXPIRED = (StoreDenied, "the credentials have expired: renew them (AWS_SESSION_TOKEN, or the profile's login)")
_CLOCK = (StoreDenied, "this machine's clock differs too much from the store's: set the clock (NTP)")
_MISSING = (ObjectMissing, "there is no such object")
_TAKEN = (ObjectConflict, "the key is taken")

_REASONS: dict[str, tuple[type[StoreError], str]] = {
    "InvalidAccessKeyId": (
        StoreDenied,
        "the store does not know this access key: check AWS_ACCESS_KEY_ID, or the profile in AWS_PROFILE",
    ),
    "SignatureDoesNotMatch": (
        StoreDenied,
        "the secret key does not belong to the access key: check AWS_SECRET_ACCESS_KEY, or the profile in AWS_PROFILE",
    ),
    "InvalidToken": (StoreDenied, "the session token is not valid: check AWS_SESSION_TOKEN, or unset it"),
    "ExpiredToken": _EXPIRED,
    "ExpiredTokenException": _EXPIRED,
    "TokenRefreshRequired": _EXPIRED,
    "RequestTimeTooSkewed": _CLOCK,
    "RequestExpired": _CLOCK,
    "NoSuchBucket": (StoreError, "there is no such bucket: create it, or correct the archive's URL"),
    "PermanentRedirect": _REGION,
    "AuthorizationHeaderMalformed": _REGION,
    "IllegalLocationConstraintException": _REGION,
    "301": _REGION,
    "NoSuchKey": _MISSING,
    "NoSuchUpload": _MISSING,
    "404": _MISSING,
    "InvalidRange": (PastEnd, "the object ends before these bytes"),
    "PreconditionFailed": _TAKEN,
    "412": _TAKEN,
    "416": (PastEnd, "the object ends before these bytes"),
}

_BUSY = {"ConditionalRequestConflict", "OperationAborted", "RequestTimeout", "SlowDown", "Throttling"}
_ALTERED = {"BadDigest", "XAmzContentSHA256Mismatch", "XAmzContentChecksumMismatch", "IncompleteBody"}
_NOT_UNDERSTOOD = {"NotImplemented", "InvalidRequest", "InvalidArgument", "UnsupportedHeader", "400", "501"}

_NO_CREDENTIALS = (
    boto.NoCredentialsError,
    boto.PartialCredentialsError,
    boto.CredentialRetrievalError,
    boto.NoAuthTokenError,
    boto.TokenRetrievalError,
    boto.MetadataRetrievalError,
    boto.SSOError,
    boto.LoginError,
)


def _refusal(exc: boto.ClientError, action: str) -> tuple[type[StoreError], str]:
    """The store answered, but not as we wished."""
    error: dict[str, Any] = exc.response.get("Error", {})
    code, said = str(error.get("Code", "")), str(error.get("Message", ""))[:300]
    status = int(exc.response["ResponseMetadata"].get("HTTPStatusCode", 0))
    if code in _REASONS:
        return _REASONS[code]
    answer = f"the store answered {status} {code} ({said})"
    if code in _ALTERED:
        return StoreUnavailable, f"{answer}: the bytes changed on their way; check the network and proxies between"
    if code in _NOT_UNDERSTOOD:
        return NotUnderstood, f"{answer}: it may not support what was asked"
    if status >= 500 or status in (408, 429) or code in _BUSY:
        return StoreUnavailable, f"{answer}: it is busy or out of order; try again later"
    if status == 403:
        return StoreDenied, f"{answer}: these credentials need the permission {PERMISSIONS[action]}"
    return StoreError, f"{answer}: look that code up in the store's documentation"


def _retry_after(exc: Exception) -> float:
    """Seconds that the store asks to wait (RFC 9110, section 10.2.3), 0 if it says nothing we understand."""
    headers = exc.response["ResponseMetadata"].get("HTTPHeaders", {}) if isinstance(exc, boto.ClientError) else {}
    value = headers.get("retry-after", "").strip()
    if value.isdecimal():
        return float(value)
    try:
        # By the store's own clock: ours may differ.
        wait = parsedate_to_datetime(value) - parsedate_to_datetime(headers.get("date", ""))
    except (ValueError, TypeError):
        return 0.0
    return max(0.0, wait.total_seconds())


def _silence(exc: Exception) -> tuple[type[StoreError], str]:
    """No answer, or none that could be read."""
    if isinstance(exc, _NO_CREDENTIALS):
        return StoreDenied, (
            "no usable credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE to a profile of "
            f"~/.aws ({type(exc).__name__})"
        )
    if isinstance(exc, boto.ProfileNotFound):
        return StoreDenied, f"{exc}: correct AWS_PROFILE"
    if isinstance(exc, boto.SSLError) and "CERTIFICATE_VERIFY_FAILED" in str(exc):
        return StoreError, "the endpoint's TLS certificate is not trusted: check the endpoint, or set AWS_CA_BUNDLE"
    if isinstance(exc, (boto.ParamValidationError, boto.InvalidEndpointConfigurationError, boto.EndpointProviderError)):
        return StoreError, f"{exc}: correct the archive's URL or the endpoint"
    return StoreUnavailable, (
        f"no answer ({_cause(exc)}): check the network and the endpoint (AWS_ENDPOINT_URL_S3), or try again later"
    )


def _cause(exc: Exception) -> str:
    return {
        "EndpointConnectionError": "connection refused, or unknown host",
        "ConnectTimeoutError": "connecting timed out",
        "ReadTimeoutError": "reading timed out",
        "ConnectionClosedError": "connection closed",
        "IncompleteReadError": "fewer bytes than announced",
        "ResponseStreamingError": "connection broke",
        "ProxyConnectionError": "the proxy cannot be reached",
        "ResponseParserError": "the answer is not XML",
    }.get(type(exc).__name__, type(exc).__name__)
