"""Everything that can be said of the chart without a cluster: `scripts/helm check`, `rules` for the alerts alone, and `refresh` for what
is made of it.

Each check prints what it looked at; those that find something print it, and the exit code is 1."""

import json
import re
import shlex
import shutil
import sys
import tempfile
import time
from pathlib import Path

import yaml

import drift
import schemas
from charts import CHART, HELMS, KUBERNETES, ROOT, TESTS, TOOLS, USUAL, each, examples, named, objects, run, template

GOLDEN = ["minimal", "strimzi", "doors", "tokens"]
# Problems of one check that are shown.
MANY = 10


def main(verb):
    began = time.monotonic()
    if verb == "refresh":
        return refresh()
    failures = 0
    everything = (linted, rendered, accepted, refused, golden, units, rules, questions, readme, upgraded, instructed, image, compose, *drift.CHECKS)
    for check in (rules, questions) if verb == "rules" else everything:
        at = time.monotonic()
        found, looked_at = check()
        took = f"{time.monotonic() - at:5.1f} s"
        print(f"{'ok    ' if not found else 'FAILED'} {took}  {check.__name__.replace('_', ' ')}: {looked_at}", flush=True)
        for problem in found[:MANY]:
            print(f"         {problem[:2000]}")
        if len(found) > MANY:
            print(f"         and {len(found) - MANY} more")
        failures += bool(found)
    print(f"helm check: {failures} checks failed in {time.monotonic() - began:.0f} s")
    return min(failures, 1)


def linted():
    """`helm lint --strict`, for the oldest and the newest Kubernetes."""
    def lint(case):
        (name, helm), values, version = case
        said = run(helm, "lint", "--strict", "--kube-version", version, "--values", values, CHART)
        return [] if said.returncode == 0 else [f"{name}, {values.name}, {version}: {said.stdout.strip()} {said.stderr.strip()}"]

    ends = [KUBERNETES[0], KUBERNETES[-1]]
    cases = [(helm, values, version) for helm in HELMS.items() for values in examples() for version in ends]
    return sum(each(lint, cases), []), f"{len(examples())} examples, {' and '.join(map(version_of, HELMS))}, Kubernetes {' and '.join(ends)}"


def version_of(name):
    return run(HELMS[name], "version", "--template", "{{.Version}}").stdout.strip() or name


def rendered():
    """Both Helms make the same objects, each once."""
    def render(values):
        texts = [template(helm, values) for helm in HELMS.values()]
        broken = [f"{values.name}: {text.stderr.strip()}" for text in texts if text.returncode]
        if broken:
            return broken
        first, second = ({named(it): it for it in objects(text.stdout)} for text in texts)
        found = [f"{values.name}: the Helms differ in {key}" for key in first.keys() | second.keys() if first.get(key) != second.get(key)]
        if len(first) != len(objects(texts[0].stdout)):
            found.append(f"{values.name}: an object is there twice")
        return found

    return sum(each(render, examples()), []), f"{len(examples())} examples are the same in both"


def accepted():
    """kubeconform, strictly, for every Kubernetes."""
    with tempfile.TemporaryDirectory() as place:
        place = Path(place)
        (place / "objects").mkdir()
        (place / "schemas").mkdir()
        kinds = set()
        for values in examples():
            text = template(HELMS["Helm 3"], values).stdout
            (place / "objects" / values.name).write_text(text)
            kinds |= {(it["apiVersion"], it["kind"]) for it in objects(text)}
        where = [part for it in schemas.locations(place / "schemas", kinds) for part in ("-schema-location", it)]

        def judge(version):
            command = [TOOLS / "bin/kubeconform", "-strict", "-summary", "-kubernetes-version", f"{version}.0", *where, place / "objects"]
            return run(*command)

        said = each(judge, KUBERNETES)
    found = [f"{version}: {it.stdout.strip()} {it.stderr.strip()}" for version, it in zip(KUBERNETES, said) if it.returncode]
    count = re.search(r"\d+ resources", said[0].stdout)
    kinds = sorted({kind.split("_")[0] for kind, _ in schemas.definitions()})
    return found, (f"{count.group() if count else 'nothing'} for each Kubernetes from {KUBERNETES[0]} to {KUBERNETES[-1]}, "
                   f"also by their definitions: {', '.join(kinds)} (of Strimzi's, what the chart uses)")


def refused():
    """Values that cannot work are refused, with the sentence that says why."""
    cases = yaml.safe_load((TESTS / "refused.yaml").read_text())

    def refuse(case):
        found = []
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as values:
            yaml.safe_dump(case["values"], values)
            values.flush()
            for name, helm in HELMS.items():
                said = template(helm, TESTS / "values/minimal.yaml", "--values", values.name)
                if said.returncode == 0:
                    found.append(f"{name} took it: {case['values']}")
                elif case["says"] not in said.stderr:
                    found.append(f"{name} said otherwise than '{case['says']}': {said.stderr.strip()}")
        return found

    return sum(each(refuse, cases), []), f"{len(cases)} sets of values"


def golden():
    """Rendered examples are as they were when somebody last read them."""
    found = []
    for name in GOLDEN:
        kept = TESTS / "golden" / f"{name}.yaml"
        if not kept.exists() or kept.read_text() != render_golden(name):
            found.append(f"helm/tests/golden/{name}.yaml is not what is rendered: scripts/helm refresh, then read the difference")
    return found, f"{', '.join(GOLDEN)}"


def render_golden(name):
    return template(HELMS["Helm 3"], TESTS / "values" / f"{name}.yaml").stdout


def units():
    """helm-unittest."""
    said = run(TOOLS / "bin/helm-unittest", "--strict", "--file", "../tests/unit/*.yaml", CHART)
    counted = re.search(r"Tests:.*", said.stdout)
    none = "" if counted and " 0 total" not in counted.group() else "no test ran"
    failed = [said.stdout + said.stderr] if said.returncode or none else []
    return failed + ([none] if none else []), re.sub(r"\s+", " ", counted.group()) if counted else "nothing"


def rules():
    """promtool: the rules are well formed, and each alert fires and goes out again."""
    promtool = TOOLS / "bin/promtool"
    checked = run(promtool, "check", "rules", "--lint=all", "--lint-fatal", CHART / "files/rules.yaml")
    stories = sorted((TESTS / "rules").glob("*.yaml"))
    tested = run(promtool, "test", "rules", *stories)
    found = [f"{it.stdout.strip()} {it.stderr.strip()}" for it in (checked, tested) if it.returncode]
    alerts = set(re.findall(r"^ +- alert: (\w+)", (CHART / "files/rules.yaml").read_text(), flags=re.M))
    told = {name.split(":")[0] for it in stories for name in re.findall(r'^  - name: "(.*)"', it.read_text(), flags=re.M)}
    found += [f"{name} has no test, or a test has no alert" for name in sorted(alerts ^ told)]
    return found, f"{len(alerts)} alerts fire and go out again"


def questions():
    """What dashboards and runbooks ask Prometheus is PromQL."""
    asked = []
    for board in sorted((CHART / "files/dashboards").glob("*.json")):
        for panel in json.loads(board.read_text())["panels"]:
            asked += [(board.name, it["expr"].replace("$instance", ".*")) for it in panel.get("targets", [])]
    for page in sorted((ROOT / "docs/runbooks").glob("*.md")):
        for block in re.findall(r"^```promql\n(.*?)^```", page.read_text(), flags=re.M | re.S):
            asked += [(page.name, line) for line in block.splitlines()]

    def parse(question):
        name, text = question
        said = run(TOOLS / "bin/promtool", "--experimental", "promql", "format", text)
        return [f"{name}: {text}: {said.stderr.strip()}"] if said.returncode else []

    return sum(each(parse, asked), []), f"{len(asked)} of dashboards and runbooks are PromQL"


def readme():
    """The chart's README is what its values say."""
    same = made_readme() == (CHART / "README.md").read_text()
    return [] if same else ["helm/postbode/README.md is not what values.yaml says: scripts/helm refresh"], "its table of values"


def made_readme():
    with tempfile.TemporaryDirectory() as place:
        copy = Path(place) / "postbode"
        shutil.copytree(CHART, copy)
        said = run(TOOLS / "bin/helm-docs", "--chart-search-root", place, "--sort-values-order", "file")
        return (copy / "README.md").read_text() if said.returncode == 0 else said.stderr


def upgraded():
    """What Kubernetes lets nobody change is as it was in each earlier version of the chart that is kept here."""
    earlier = sorted((TESTS / "previous").glob("*.tgz"))
    found = []
    for chart in earlier:
        for values in sorted((TESTS / "previous" / chart.stem).glob("*.yaml")):
            before = {named(it): fixed(it) for it in objects(template(HELMS["Helm 3"], values, chart=chart).stdout)}
            after = {named(it): fixed(it) for it in objects(template(HELMS["Helm 3"], values).stdout)}
            found += [f"{chart.name}, {values.name}: {key} cannot be changed so" for key in before.keys() & after.keys() if before[key] != after[key]]
    return found, ", ".join(it.stem for it in earlier) or "nothing to compare: there is no earlier version of the chart"


def image():
    """hadolint has nothing against the Dockerfile."""
    said = run(TOOLS / "hadolint/bin/hadolint", "--no-color", ROOT / "Dockerfile")
    return said.stdout.splitlines() + said.stderr.splitlines() if said.returncode else [], "Dockerfile"


def compose():
    """The compose file is one, by the specification's own library."""
    secrets = {"POSTBODE_OPERATOR_KEY": "0123456789abcdef0123456789abcdef", "POSTBODE_KEYRING": "dev:AAAA"}
    said = run(TOOLS / "bin/compose", ROOT / "docker-compose.yml", env=secrets)
    return [said.stderr.strip()] if said.returncode else [], f"docker-compose.yml: {said.stdout.strip()}"


def instructed():
    """What docs/operations/install.md says to type and to write is taken, and its Secret has what pods look for."""
    page, found, keys = (ROOT / "docs/operations/install.md").read_text(), [], set()
    typed = [shlex.split(it.replace("\\\n", " ")) for it in re.findall(r"^helm install (.*?)\n(?:\n|```)", page, flags=re.M | re.S)]
    written = re.findall(r"^```yaml\n(.*?)^```", page, flags=re.M | re.S)
    with tempfile.TemporaryDirectory() as place:
        cases = [list(it) for it in typed]
        for number, text in enumerate(written):
            (Path(place) / f"{number}.yaml").write_text(text)
            cases.append(["postbode", CHART, "--values", TESTS / "values/minimal.yaml", "--values", Path(place) / f"{number}.yaml"])
        for name, helm in HELMS.items():
            for arguments in cases:
                said = run(helm, "template", "--kube-version", USUAL, *arguments, cwd=ROOT)
                found += [f"{name}: {' '.join(map(str, arguments))}: {said.stderr.strip()}"] if said.returncode else []
                if arguments in typed:
                    keys |= {key for it in objects(said.stdout) for key in looked_for(it, "postbode")}
    made = set(re.findall(r"--from-literal=([a-z-]+)=", page))
    found += [f"pods look for {sorted(keys)} in the Secret, and it is made with {sorted(made)}"] if keys != made else []
    return found, f"{len(typed)} command, {len(written)} example, a Secret with {', '.join(sorted(made))}"


def looked_for(it, name):
    """The keys of a Secret that an object wants as files."""
    if isinstance(it, dict):
        here = it.get("secret", {}) if isinstance(it.get("secret"), dict) else {}
        keys = [item["key"] for item in here.get("items", [])] if here.get("name") == name else []
        return keys + [key for part in it.values() for key in looked_for(part, name)]
    return [key for part in it for key in looked_for(part, name)] if isinstance(it, list) else []


def fixed(it):
    """The fields of an object that cannot change while it lives."""
    spec = it.get("spec", {})
    return {
        "Deployment": lambda: spec["selector"],
        "PersistentVolumeClaim": lambda: {key: spec.get(key) for key in ("accessModes", "storageClassName")},
        "Service": lambda: spec.get("clusterIP"),
    }.get(it["kind"], lambda: None)()


def refresh():
    for name in GOLDEN:
        (TESTS / "golden" / f"{name}.yaml").write_text(render_golden(name))
    (CHART / "README.md").write_text(made_readme())
    print("made anew: helm/tests/golden and helm/postbode/README.md; read the difference before you commit it")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
