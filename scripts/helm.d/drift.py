"""What the chart says of the services is what the services say of themselves: their documents and their code."""

import ipaddress
import json
import os
import re
import tempfile
import tomllib
from pathlib import Path

import yaml

from charts import CHART, HELMS, ROOT, SERVICES, containers, each, examples, objects, pods, run, secrets, template

# Settings that the chart makes of values of its own, so that `settings` does not take them.
CHARTS_OWN = {
    "console": {"operator_key"}, "outbound": {"ca_file", "proxy"}, "history": {"url"},
}
VARIABLE = re.compile(r"^POSTBODE__([A-Z]+)__(.+)$")


def documented():
    """By service, the keys that docs/configuration.md lists for it."""
    sections = re.split(r"^## ", (ROOT / "docs/configuration.md").read_text(), flags=re.M)
    keys = {part.split("\n", 1)[0]: set(re.findall(r"^\| `([a-z_.]+)`", part, flags=re.M)) for part in sections}
    common = keys["Every service"]
    known = {service: common | keys.get(service, set()) for service in SERVICES}
    # "Also `api.*`, `seal.keys`, `signing.*` and `outbound.*` as above", says its part.
    known["console"] |= {key for key in keys["delivery"] | keys["ingest"] if re.match(r"(api|seal|signing|outbound)\.", key)}
    # The hooks run the command line, which takes its own key, too.
    known["topics"] = {key for key in common if re.match(r"(kafka|topics)\.", key)}
    known["test"] = {"client.key"}
    return known


def rendered_everywhere():
    return [(values.name, objects(template(HELMS["Helm 3"], values).stdout)) for values in examples()]


def variables_are_known():
    """Every variable is a setting of the service that gets it."""
    known, seen, found = documented(), set(), []
    for example, rendered in rendered_everywhere():
        for component, container in containers(rendered):
            for name in (it["name"] for it in container.get("env", [])):
                match = VARIABLE.match(name)
                if not match:
                    continue
                section, key = match.groups()
                key = "properties" if section == "KAFKA" and key.startswith("PROPERTIES__") else key.lower()
                seen.add(f"{section.lower()}.{key}")
                if f"{section.lower()}.{key}" not in known.get(component, set()):
                    found.append(f"{example}: {component} does not know {name}")
    return found, f"{len(seen)} settings in docs/configuration.md"


def secrets_are_known():
    """Every file of secrets is a setting of the pod that gets it, and none of them is a variable."""
    known, seen, found = documented(), set(), []
    for example, rendered in rendered_everywhere():
        for component, pod in pods(rendered):
            for name in secrets(pod):
                seen.add(name)
                if ".".join(name.split(".")[:2]) not in known.get(component, set()):
                    found.append(f"{example}: {component} does not know {name}")
            for variables in (container.get("env", []) for container in pod["containers"]):
                found += [f"{example}: {component} has {it['name']} of a Secret" for it in variables if "secretKeyRef" in it.get("valueFrom", {})]
    return found, f"{', '.join(sorted(seen))}"


def settings_are_complete():
    """`settings` takes exactly what docs/configuration.md lists."""
    schema = json.loads((CHART / "values.schema.json").read_text())["properties"]
    here = {
        "ingest": schema["ingest"]["properties"]["settings"],
        "delivery": schema["delivery"]["properties"]["settings"],
        "retry": schema["retry"]["properties"]["settings"],
        "console": schema["console"]["properties"]["settings"],
        "history": schema["console"]["properties"]["history"]["properties"]["settings"],
        "outbound": schema["outbound"]["properties"]["settings"],
    }
    keys, found = set().union(*documented().values()), []
    for section, settings in here.items():
        wanted = {key.split(".")[1] for key in keys if key.startswith(f"{section}.")} - CHARTS_OWN.get(section, set())
        found += [f"{section}.{key}" for key in wanted ^ set(settings["properties"])]
    return found, f"sections {', '.join(here)}"


def values_have_a_schema():
    """Every value is in the schema, and everything in the schema has a value with a comment."""
    schema, values = json.loads((CHART / "values.schema.json").read_text()), yaml.safe_load((CHART / "values.yaml").read_text())
    pods, found = set(values["defaults"]), []

    def compare(path, part, value):
        part = schema["$defs"][part["$ref"].split("/")[-1]] if "$ref" in part else part
        if "properties" not in part or not isinstance(value, dict) or path[-1:] == ["settings"]:
            return
        if part.get("additionalProperties") is not False:
            found.append(f"{'.'.join(path)} takes any key")
        optional = pods if path and path[0] in SERVICES else {"global", "requests", "limits"}
        found.extend(f"{'.'.join([*path, key])} has no schema" for key in value.keys() - part["properties"].keys())
        found.extend(f"{'.'.join([*path, key])} has no value" for key in part["properties"].keys() - value.keys() - optional)
        for key in value.keys() & part["properties"].keys():
            compare([*path, key], part["properties"][key], value[key])

    compare([], schema, values)
    lines = (CHART / "values.yaml").read_text().splitlines()
    leaves = [(lines[n - 1], line) for n, line in enumerate(lines) if re.match(r"\s*[A-Za-z0-9]+: \S", line)]
    found += [f"no comment: {line.strip()}" for before, line in leaves if not before.strip().startswith("#") and "{" not in line]
    return found, "values.yaml and values.schema.json"


def topics_are_the_codes():
    """Strimzi's topics are those of docs/asyncapi.json, which the code's own tests hold to it."""
    channels = json.loads((ROOT / "docs/asyncapi.json").read_text())["channels"]
    wanted = {}
    for channel in channels.values():
        # The tiers have no settings there: they are what `deliveries` is, and a delay longer.
        kafka = channel.get("bindings", channels["deliveries"]["bindings"])["kafka"]
        for delay in channel.get("parameters", {}).get("delay", {}).get("enum", [""]):
            name = channel["address"].replace("{delay}", delay)
            wanted[name] = (kafka["partitions"], settings_of(kafka["topicConfiguration"], delay))
    rendered = template(HELMS["Helm 3"], ROOT / "helm/tests/values/strimzi.yaml", "--set", "topics.partitions=12,delivery.autoscaling.maxReplicas=12,topics.replication=-1")
    topics = [it for it in objects(rendered.stdout) if it["kind"] == "KafkaTopic"]
    made = {it["spec"]["topicName"]: (it["spec"]["partitions"], it["spec"]["config"]) for it in topics}
    found = [f"{name}: {made.get(name)} here, {wanted.get(name)} there" for name in made.keys() | wanted.keys() if not like(made.get(name), wanted.get(name))]
    return found, f"{len(made)} topics in docs/asyncapi.json"


def settings_of(configuration, delay):
    settings = {key: ",".join(value) if isinstance(value, list) else str(value) for key, value in configuration.items()}
    if delay:
        unit = {"s": 1_000, "m": 60_000, "h": 3_600_000}[delay[-1]]
        settings["retention.ms"] = str(int(settings["retention.ms"]) + int(delay[:-1]) * unit)
    return settings


def like(made, wanted):
    """The document leaves out what AsyncAPI has no name for, such as compression."""
    return made is not None and wanted is not None and made[0] == wanted[0] and wanted[1].items() <= made[1].items()


def rights_are_the_codes():
    """Users may write and read what docs/asyncapi.json says the services do, and nothing else."""
    operations = json.loads((ROOT / "docs/asyncapi.json").read_text())["operations"].values()
    wanted = {(it["tags"][0]["name"], it["action"], it["channel"]["$ref"].split("/")[-1]) for it in operations}
    names = {name for _, _, name in wanted}
    rendered = objects(template(HELMS["Helm 3"], ROOT / "helm/tests/values/strimzi.yaml").stdout)
    made, action = set(), {"Write": "send", "Read": "receive"}
    for user in (it for it in rendered if it["kind"] == "KafkaUser"):
        service = user["metadata"]["labels"]["app.kubernetes.io/component"]
        for acl in user["spec"]["authorization"]["acls"]:
            for operation in acl["operations"]:
                if acl["resource"]["type"] == "topic" and operation in action:
                    made |= {(service, action[operation], name) for name in matching(acl["resource"], names)}
    found = [f"{who} may {does} {what}, and does not" for who, does, what in made - wanted]
    found += [f"{who} does {does} {what}, and may not" for who, does, what in wanted - made]
    return found, f"{len(wanted)} rights in docs/asyncapi.json"


def matching(resource, names):
    wanted = resource["name"].removeprefix("postbode.")
    if resource["patternType"] == "literal":
        return {wanted} if wanted in names else {f"{wanted} (no such topic)"}
    return {name for name in names if f"{name}.".startswith(wanted)}


def private_addresses_are_walled_off():
    """What the address policy denies, the network policy denies too."""
    code = (ROOT / "libs/outbound/src/policy/address.rs").read_text()
    denied = [ipaddress.ip_network(f"{'.'.join(re.split(', *', block))}/{length}")
              for block, length in re.findall(r"\(Ipv4Addr::new\(([0-9, ]+)\), (\d+),", code)]
    denied += [ipaddress.ip_network((int("".join(f"{int(word, 16):04x}" for word in re.split(", *", block)), 16), int(length)))
               for block, length in re.findall(r"\(Ipv6Addr::new\(([0-9a-fx, ]+)\), (\d+),", code)]
    denied = [it for it in denied if it.version == 4 or it.subnet_of(ipaddress.ip_network("2000::/3"))]
    world = yaml.safe_load((CHART / "values.yaml").read_text())["networkPolicy"]["world"]
    blocks = [ipaddress.ip_network(it) for it in world["exceptIPv4"] + world["exceptIPv6"]]
    found = [f"{it} is not among the exceptions" for it in denied if not any(it.version == block.version and it.subnet_of(block) for block in blocks)]
    return found + ([] if len(denied) > 25 else ["the policy's own blocks were not found"]), f"{len(denied)} blocks in libs/outbound"


def names_are_the_codes():
    """Metrics, paths, ports and binaries."""
    def holds(path, *texts):
        content = (ROOT / path).read_text()
        return [f"{path} has no {text}" for text in texts if text not in content]

    questions = (CHART / "templates/_scaling.tpl").read_text()
    asked = set(re.findall(r"(postbode_[a-z_]+?)(?:_(?:sum|count|bucket))?\{", questions))
    found = [problem for name in asked for problem in holds("docs/metrics.md", f"| `{name}` |")]
    found += holds("libs/process/src/management.rs", '"/health/live"', '"/health/ready"', '"/metrics"')
    package = tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["package"]
    labels = (f'title="Postbode"', f'description="{package["description"]}"', f'licenses="{package["license"]}"', f'vendor="{package["authors"][0]}"')
    found += holds("Dockerfile", "USER 65532:65532", "EXPOSE 8080 9090", *(f"postbode-{it}" for it in SERVICES))
    found += holds("Dockerfile", f"ARG VERSION={package['version']}\n", *(f"org.opencontainers.image.{it}" for it in labels))
    return found, f"{', '.join(sorted(asked))}; paths, ports, user, binaries and labels"


def services_take_it():
    """The binaries themselves, where they are built: `--check-config` on the rendered variables."""
    folder = Path(os.environ.get("POSTBODE_BINARIES", ROOT / "target/debug"))
    missing = [it for it in SERVICES if not (folder / f"postbode-{it}").exists()]
    if missing:
        return [], f"not looked at, since {', '.join(missing)} is not built in {folder.relative_to(ROOT) if folder.is_relative_to(ROOT) else folder}"
    with tempfile.TemporaryDirectory() as place:
        key = Path(place) / "hooks.example.com.pem"
        if run("openssl", "genrsa", "-out", key, "2048").returncode:
            return ["openssl made no key"], "nothing"
        cases = [(example, component, pod) for example, rendered in rendered_everywhere()
                 for component, pod in pods(rendered) if component in SERVICES]

        def ask(case):
            example, component, pod = case
            folder_of_secrets = files(pod, Path(place) / f"{example}-{component}")
            said = run(folder / f"postbode-{component}", "--check-config", env=environment(pod, place, folder_of_secrets))
            return [] if said.returncode == 0 else [f"{example}: {said.stderr.strip()}"]

        return sum(each(ask, cases), []), f"{len(cases)} pods' variables and secrets, as the binaries read them"


def files(pod, folder):
    """A pod's files of secrets, with something of the right kind in each."""
    kinds = {
        "seal.keys": "k1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "console.operator_key": "0123456789abcdef0123456789abcdef",
        "history.url": "postgres://user:password@database/postbode",
        "outbound.proxy": "http://proxy:3128",
        "notices.smtp_url": "smtps://user:password@mail.example.com",
    }
    folder.mkdir()
    for name in secrets(pod):
        (folder / name).write_text(kinds.get(name, "something") + "\n")
    return folder


def environment(pod, signing, folder_of_secrets):
    """A pod's variables, with places that are here."""
    given = {it["name"]: it.get("value", "something") for it in pod["containers"][0]["env"]}
    places = {"POSTBODE__SIGNING__DIRECTORY": signing, "POSTBODE_SECRETS": str(folder_of_secrets)}
    return given | {name: place for name, place in places.items() if name in given}


CHECKS = (
    variables_are_known, secrets_are_known, settings_are_complete, values_have_a_schema, topics_are_the_codes, rights_are_the_codes,
    private_addresses_are_walled_off, names_are_the_codes, services_take_it,
)
