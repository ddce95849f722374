"""JSON Schemas for kubeconform: Kubernetes' own as a package has them, and those of CustomResourceDefinitions."""

import json
from importlib.util import find_spec
from pathlib import Path

import yaml

from charts import KUBERNETES, TESTS, TOOLS


def locations(folder, kinds):
    """Where kubeconform finds the schemas of some kinds, which are written into a folder: one file for each, whole in itself."""
    for version in KUBERNETES:
        (folder / f"v{version}.0").mkdir()
        for name, schema in built_in(version, kinds):
            (folder / f"v{version}.0" / f"{name}.json").write_text(json.dumps(schema))
    for name, schema in definitions():
        (folder / f"{name}.json").write_text(json.dumps(schema))
    return [
        str(folder / "{{.NormalizedKubernetesVersion}}/{{.ResourceKind}}{{.KindSuffix}}.json"),
        str(folder / "{{.ResourceKind}}_{{.Group}}_{{.ResourceAPIVersion}}.json"),
    ]


def built_in(version, kinds):
    """Kubernetes' own schema of each kind, with the definitions that it leads to. A kind is (apiVersion, kind)."""
    package = Path(find_spec("kubernetes_validate").origin).parent
    place = package / f"kubernetes-json-schema/v{version}.0-local-strict"
    parts = json.loads((place / "_definitions.json").read_text())["$defs"]
    for api, kind in kinds:
        group = [part.split(".")[0] for part in api.split("/")]
        path = place / f"{'-'.join([kind.lower(), *group])}.json"
        if path.exists():
            yield path.stem, whole(json.loads(path.read_text()), parts)


def whole(schema, parts):
    """A schema that leads to nothing outside itself."""
    defs, waiting = {}, [schema]

    def local(it):
        if isinstance(it, list):
            return [local(part) for part in it]
        if not isinstance(it, dict):
            return it
        made = {key: local(value) for key, value in it.items() if key not in ("$id", "$schema")}
        if isinstance(made.get("$ref"), str):
            name = made["$ref"].split("/")[-1]
            made["$ref"] = f"#/$defs/{name}"
            if name not in defs:
                defs[name] = None
                waiting.append((name, parts[name]))
        return made

    made = local(waiting.pop())
    while waiting:
        name, part = waiting.pop()
        defs[name] = local(part)
    return {**made, "$schema": schema["$schema"], "$defs": defs}


def definition_files():
    """Every file of CustomResourceDefinitions."""
    return sorted([*(TOOLS / "crds").glob("*.yaml"), *(TESTS / "crds").glob("*.yaml")])


def definitions():
    """Each version of each defined kind, with its schema made strict."""
    for path in definition_files():
        for it in yaml.safe_load_all(path.read_text()):
            for version in it["spec"]["versions"]:
                name = f"{it['spec']['names']['kind'].lower()}_{it['spec']['group']}_{version['name']}"
                yield name, strict(version["schema"]["openAPIV3Schema"], root=True)


def strict(schema, root=False):
    """The same schema, refusing what it does not name, as an API server with strict fields does."""
    if not isinstance(schema, dict):
        return schema
    made = {key: value for key, value in schema.items() if not key.startswith("x-kubernetes")}
    if schema.get("x-kubernetes-int-or-string"):
        made.pop("type", None)
    for key in ("items", "additionalProperties", "not"):
        if key in made:
            made[key] = strict(made[key])
    for key in ("allOf", "anyOf", "oneOf"):
        # These narrow what stands beside them, and name only some of its fields.
        made.pop(key, None)
    if "properties" in made:
        made["properties"] = {key: strict(value) for key, value in made["properties"].items()}
        free = schema.get("x-kubernetes-preserve-unknown-fields") or schema.get("x-kubernetes-embedded-resource")
        if not free and "additionalProperties" not in made:
            made["additionalProperties"] = False
    if root:
        made["properties"]["metadata"] = {"type": "object"}
    return made
