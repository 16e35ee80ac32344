"""The spool of this machine, apart from crawls: what dead runs left in it is made safe."""

from __future__ import annotations

import asyncio

from archive.catalog import Catalog
from archive.store import Store
from crawler import settings
from crawler.archiving import SOFTWARE
from crawler.pool import ExtractionPool
from crawler.recovery import Recovered, recover_all
from jobs.config import Config


def recover_spool(config: Config, store: Store, catalog: Catalog) -> Recovered:
    """Commit every segment that no run at work holds; blocks on store, catalog and extraction."""

    def new_pool() -> ExtractionPool:
        return ExtractionPool(
            workers=1,
            deadline=settings.PRESSKEEP_EXTRACTION_DEADLINE,
            memory=settings.PRESSKEEP_EXTRACTION_MEMORY,
        )

    return asyncio.run(
        recover_all(
            config.spool_folder, config.profiles(), store=store, catalog=catalog, software=SOFTWARE, new_pool=new_pool
        )
    )
