"""JSON Schema of everything that ``--json`` prints and of the JSON files of a plan.

Within a `VERSION` members are only added, so a reader has to pass over those that it does not know;
what goes or changes its meaning makes a new one.
"""

from __future__ import annotations

from typing import Any

import msgspec

from optimizer.output import documents, estate_documents, plan_documents

VERSION = 1
DIALECT = "https://json-schema.org/draft/2020-12/schema"
# What each command prints, any of several types; import: all its commands; error: all, on stderr.
DOCUMENTS: dict[str, tuple[Any, ...]] = {
    "plan.json": (plan_documents.PlanRecord,),
    "simulation.json": (plan_documents.SimulationRecord,),
    "plan": (plan_documents.PlanPrinted,),
    "check": (estate_documents.EstateCheck, estate_documents.PlanCheck),
    "init": (estate_documents.Written,),
    "generate": (estate_documents.Generated,),
    "import": (estate_documents.Imported,),
    "simulate": (plan_documents.SimulationRecord,),
    "explain": (documents.Explained,),
    "diff": (documents.DifferenceDocument,),
    "drift": (documents.DriftDocument,),
    "metrics": (documents.Metrics,),
    "whatif": (documents.StudyDocument,),
    "place": (documents.Placement,),
    "batch": (documents.Batch,),
    "report": (documents.Files,),
    "export veeam": (list[documents.ExportedJob],),
    "apply": (documents.Applied,),
    "rollback": (documents.RolledBack,),
    "tables": (estate_documents.Tables,),
    "schema": (documents.Schemas,),
    "anonymise": (estate_documents.AnonymisedDocument,),
    "error": (estate_documents.ErrorDocument,),
}


def schema_of(name: str) -> dict[str, Any]:
    """Return the schema of a document of `DOCUMENTS`, complete in itself; KeyError for others."""
    found, named = msgspec.json.schema_components(DOCUMENTS[name], ref_template="#/$defs/{name}")
    body = found[0] if len(found) == 1 else {"anyOf": list(found)}
    head = {"$schema": DIALECT, "$id": f"urn:gip-planner:{name.replace(' ', '-')}:{VERSION}"}
    return head | body | ({"$defs": named} if named else {})
