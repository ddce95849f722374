"""The chart, the two Helms, and what they render."""

import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ROOT / "target/tools/helm"
CHART = ROOT / "helm/postbode"
TESTS = ROOT / "helm/tests"
SERVICES = ["ingest", "fanout", "delivery", "retry", "console"]

# What the chart's `kubeVersion` begins with, up to the newest that the schemas describe.
KUBERNETES = [f"1.{minor}" for minor in range(30, 38)]
# The one that examples are rendered for: the chart asks for none but the oldest.
USUAL = "1.34"

HELMS = {"Helm 3": TOOLS / "bin/helm3", "Helm 4": TOOLS / "bin/helm4"}


def run(*command, **options):
    """What a command said, and how it ended; nothing is raised."""
    command = [str(part) for part in command]
    return subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, **options)


def each(work, items):
    """The results of some work on each item, in their order, two at a time."""
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(work, items))


def examples():
    """The files of values that the chart is rendered with."""
    return sorted((TESTS / "values").glob("*.yaml"))


def template(helm, values, *more, chart=CHART, kubernetes=USUAL):
    """`helm template`, as a finished process."""
    return run(helm, "template", "postbode", chart, "--namespace", "mail", "--kube-version", kubernetes, "--values", values, *more)


def objects(text):
    """The objects of a rendered text."""
    return [it for it in yaml.safe_load_all(text) if it]


def named(it):
    """How an object is told from others."""
    return (it["apiVersion"], it["kind"], it["metadata"].get("namespace", ""), it["metadata"]["name"])


def pods(rendered):
    """Every pod's component and specification."""
    for it in rendered:
        spec = it.get("spec", {})
        if it["kind"] in ("Deployment", "Job"):
            spec = spec["template"]["spec"]
        if isinstance(spec, dict) and "containers" in spec:
            yield it["metadata"]["labels"]["app.kubernetes.io/component"], spec


def containers(rendered):
    """Every pod's component and containers."""
    return [(component, container) for component, pod in pods(rendered) for container in pod["containers"]]


def secrets(pod):
    """The names of the files of secrets that a pod has, which are settings."""
    sources = [source for volume in pod.get("volumes", []) if volume["name"] == "secrets" for source in volume["projected"]["sources"]]
    return [item["path"] for source in sources for item in source["secret"]["items"]]
