"""The figures of a proof as a table, and which promises they break."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

FAULTS = ("unserved", "lost", "duplicated", "altered", "unreadable", "refetched")
"""Counts that must be 0."""
DRAIN = 60.0
"""Seconds within which everything must be safe after the bucket is back."""


def print_report(report: Mapping[str, Any]) -> None:
    """A line for each figure, then the broken promises."""
    results = report["results"]
    print(f"\n{report['date']}, seed {report['seed']}, {report['seconds']} s, {report['machine']}")
    for name, figure in _lines(results):
        print(f"  {name:<58}{figure}")
    broken = list(broken_promises(results))
    print("\n".join(["", "every promise was kept"] if not broken else ["", "BROKEN:", *broken]))


def broken_promises(results: Mapping[str, Any]) -> list[str]:
    """A line for each promise that the figures break; Scrapy's are none of ours."""
    counts = {part: results[part]["count"] for part in ("kills", "failpoints") if part in results}
    counts |= {f"outage, bucket {kind}": one["count"] for kind, one in results.get("outage", {}).items()}
    broken = [f"{part}: {name}: {count[name]}" for part, count in counts.items() for name in FAULTS if count[name]]
    if "failpoints" in results and (series := results["failpoints"])["recovered"] < series["series"]:
        broken.append(f"failpoints: {series['series'] - series['recovered']} not recovered by the next crawl")
    for name in ("undetected", "served"):
        broken += [f"damage: {name}: {one}" for one in results.get("damage", {}).get(name, ())]
    if "outage" in results and results["outage"]["away"]["drained_after"] > DRAIN:
        broken.append(f"outage: drained only after {results['outage']['away']['drained_after']:.0f} s")
    return broken


def _lines(results: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for part, label in (("kills", "kill -9 at random moments"), ("failpoints", "kill -9 at named points")):
        if part in results:
            found = results[part]
            yield label, f"{found['kills']} kills, {_count(found['count'])}"
            yield "  the kill left in the spool", ", ".join(f"{k} {n}" for k, n in sorted(found["found"].items()))
    if "failpoints" in results:
        series = results["failpoints"]
        yield "  recovered by the next crawl", f"{series['recovered']} of {series['series']} series"
    if "damage" in results:
        found = results["damage"]
        kinds = ", ".join(f"{kind} {number}" for kind, number in found["by_kind"].items())
        yield "bit flips and truncations", f"{found['flips']} and {found['truncations']} ({kinds})"
        yield "  undetected, served", f"{len(found['undetected'])}, {len(found['served'])}"
    if "outage" in results:
        away, busy = results["outage"]["away"], results["outage"]["busy"]
        yield f"bucket away {away['seconds']:.0f} s", f"{_count(away['count'])}"
        yield "  drained after its return", f"{away['drained_after']:.0f} s"
        yield "bucket busy, 30 % of requests refused", f"{busy['refusals']} refused, {_count(busy['count'])}"
    if "jobdir" in results:
        jobs = results["jobdir"]
        yield "Scrapy with JOBDIR and S3 feeds", f"{jobs['kills']} kills, {jobs['jobs']} jobs, all reported success"
        yield "  fetched, delivered", f"{jobs['fetched']} and {jobs['delivered']} of {jobs['announced']}"
        yield "  duplicated, requests", f"{jobs['duplicated']}, {jobs['requests']}"


def _count(count: Mapping[str, int]) -> str:
    return f"{count['announced']} articles: " + ", ".join(f"{count[name]} {name}" for name in FAULTS)
