"""The chart on a real API server: `scripts/helm cluster`. Controllers and scheduler are real as well; nodes and running pods are
kwok's. Everything listens on loopback only, and ends with this."""

import signal
import sys
import tempfile
import time
from pathlib import Path

import yaml

import schemas
from charts import CHART, HELMS, TESTS, examples, objects, run, template
from plane import Plane, Unwell, is_ready

# Every pod becomes ready at once here, so nothing is learnt by waiting longer; a claim that is there keeps what it is; and nobody here
# gives a balancer its address.
SAME = ["--set", "defaults.minReadySeconds=0,console.persistence.storageClassName=,console.persistence.size=20Gi,console.service.type=ClusterIP"]
SERVICES = {"ingest", "fanout", "delivery", "retry", "console"}


def main():
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="postbode-cluster.") as place, Plane(Path(place)) as plane:
        tell(began, f"Kubernetes {plane.version()} is up, with three nodes of kwok's")
        define(plane)
        tell(began, "the operators' kinds are defined")
        tell(began, f"refused, as it must be: {guarded(plane)}")
        tell(began, f"accepted strictly, one by one: {accepted(plane)} objects of {len(examples())} examples, and every pod under \"restricted\"")
        for name, helm in HELMS.items():
            for said in life(plane, name, helm):
                tell(began, f"{name}: {said}")
    print(f"helm cluster: all went well in {time.monotonic() - began:.0f} s")


def tell(began, what):
    print(f"[{time.monotonic() - began:4.0f} s] {what}", flush=True)


def define(plane):
    for path in schemas.definition_files():
        for it in yaml.safe_load_all(path.read_text()):
            plane.create(it)
    plane.until("every kind is served", lambda: all(plane.served(kind) for kind in
                ("ScaledObject", "TriggerAuthentication", "ServiceMonitor", "PodMonitor", "HTTPRoute", "KafkaTopic", "KafkaUser")))


def guarded(plane):
    """That this server refuses something at all: a pod that wants too much, and a field that does not exist."""
    plane.namespace("guarded")
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "root"}, "spec": {"containers": [{"name": "a", "image": "a"}]}}
    typo = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "typo"}, "dat": {}}
    said = []
    for it, why in ((pod, "violates PodSecurity"), (typo, "unknown field")):
        answer = plane.create(it, "guarded", dry=True, must=False)
        if answer.ok or why not in answer.text:
            raise Unwell(f"the server should have refused a {it['kind']}: {answer.text}")
        said.append(why)
    return ", ".join(said)


def accepted(plane):
    """Every object of every example, and a pod of every template, most of them without being made."""
    plane.namespace("mail")
    rendered = [it for values in examples() for it in rendered_of(values)]
    # Pods are refused where their account or their priority is missing.
    plane.create({"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": "mail"}, "value": 1})
    for account in {it["metadata"]["name"]: it for it in rendered if it["kind"] == "ServiceAccount"}.values():
        plane.create(account, "mail")
    for it in rendered:
        if "template" in it.get("spec", {}):
            pod = it["spec"]["template"]
            plane.create({"apiVersion": "v1", "kind": "Pod", **pod, "metadata": {**pod["metadata"], "name": "one"}}, "mail", dry=True)
        if it["kind"] != "ServiceAccount":
            plane.create(it, "mail", dry=True)
    return len(rendered)


def rendered_of(values):
    said = template(HELMS["Helm 3"], values)
    if said.returncode:
        raise Unwell(f"{values.name}: {said.stderr}")
    return objects(said.stdout)


def life(plane, name, helm):
    """A release from its installation to its end."""
    namespace = name.lower().replace(" ", "-")
    plane.namespace(namespace)
    keys = {"seal-keys": "k1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "operator-key": "0123456789abcdef0123456789abcdef"}
    plane.create({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "postbode"}, "stringData": keys}, namespace)

    def said(*command):
        done = run(helm, *command, "--namespace", namespace, env=plane.environment)
        if done.returncode:
            raise Unwell(f"{name}: helm {' '.join(map(str, command))}: {done.stdout} {done.stderr}\n{plane.last_words()}")
        return done.stdout

    wait = ["--wait", "--timeout", "5m", *SAME]
    values = {it: TESTS / "values" / f"{it}.yaml" for it in ("minimal", "strimzi", "doors")}
    said("install", "postbode", CHART, "--values", values["minimal"], *wait)
    ready(plane, namespace)
    yield "installed with a hook for the topics; the pods of all five services are ready"
    said("upgrade", "postbode", CHART, "--values", values["strimzi"], *wait)
    ready(plane, namespace)
    wanted(plane, namespace, ScaledObject=3, KafkaTopic=16, KafkaUser=5, PodMonitor=1)
    yield "upgraded to topics, users and scaling by operators"
    said("upgrade", "postbode", CHART, "--values", values["doors"], *wait)
    wanted(plane, namespace, ScaledObject=0, KafkaUser=0, Ingress=1, HTTPRoute=1)
    yield "upgraded to doors and walls; what no longer belongs is gone, and topics stay"
    said("rollback", "postbode", "1", "--wait", "--timeout", "5m")
    ready(plane, namespace)
    wanted(plane, namespace, Ingress=0, HTTPRoute=0, KafkaTopic=16)
    yield "rolled back to the first"
    said("uninstall", "postbode", "--wait", "--timeout", "5m")
    plane.until("no pod is left", lambda: not plane.list("Pod", namespace))
    wanted(plane, namespace, Deployment=0, Service=0, NetworkPolicy=0, PodDisruptionBudget=0, PersistentVolumeClaim=1, KafkaTopic=16)
    yield "uninstalled; the console's volume and the topics are kept"
    said("install", "postbode", CHART, "--values", values["strimzi"], *wait)
    ready(plane, namespace)
    wanted(plane, namespace, PersistentVolumeClaim=1, KafkaTopic=16, ScaledObject=3)
    said("uninstall", "postbode", "--wait", "--timeout", "5m")
    yield "installed again over what was kept"


def ready(plane, namespace):
    def all_ready():
        pods = plane.list("Pod", namespace)
        components = {it["metadata"]["labels"]["app.kubernetes.io/component"] for it in pods if is_ready(it)}
        return components >= SERVICES

    plane.until(f"pods of all services are ready in {namespace}", all_ready)


def wanted(plane, namespace, **kinds):
    for kind, count in kinds.items():
        plane.until(f"there are {count} {kind}s in {namespace}", lambda kind=kind, count=count: len(plane.list(kind, namespace)) == count)


if __name__ == "__main__":
    # Whoever is told to end ends what it started, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        main()
    except Unwell as wrong:
        print(f"helm cluster: {wrong}", file=sys.stderr)
        sys.exit(1)
