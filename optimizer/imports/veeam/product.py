"""Reads what licence and version mean for an estate's settings."""

from __future__ import annotations

from models.finding import Finding
from optimizer.imports.veeam.answers import Answers, at, text, whole

LINUX_PROXIES_SINCE = 13
EDITIONS = {"standard": "standard", "enterprise": "enterprise", "enterpriseplus": "enterprise_plus"}


def settings(answers: Answers, findings: list[Finding]) -> dict[str, str]:
    """Return the keys of estate.toml that the backup server's answers decide (S3)."""
    found: dict[str, str] = {}
    build = text(answers.documents.get("serverInfo"), "buildVersion")
    major = build.partition(".")[0]
    if major.isdigit():
        found["ruleset"] = "v13" if int(major) >= LINUX_PROXIES_SINCE else "v12"
    licence = answers.documents.get("license")
    if licence is None:
        detail = "no answer about the licence: a universal one is assumed, with guest proxies"
        findings.append(Finding("warning", "license_unknown", "estate.toml", detail))
        return found
    edition = text(licence, "edition")
    instances = whole(licence, "instanceLicenseSummary", "licensedInstancesNumber")
    if instances > 0 or at(licence, "socketLicenseSummary") is None:
        return found | {"license.type": "vul"}
    found["license.type"] = "socket"
    if edition.lower() in EDITIONS:
        found["license.edition"] = EDITIONS[edition.lower()]
    else:
        detail = f"a socket licence of edition {edition!r}: write license.edition yourself"
        findings.append(Finding("warning", "license_unknown", "estate.toml", detail))
    return found
