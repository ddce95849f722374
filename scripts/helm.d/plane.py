"""A control plane of Kubernetes for as long as somebody needs it, and what one asks of it."""

import json
import os
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from dataclasses import dataclass

import yaml

from charts import TOOLS, run

TOKEN = "checks-the-chart"
PATIENCE = 120


@dataclass
class Answer:
    """What the server answered."""
    ok: bool
    text: str


class Unwell(Exception):
    """What did not go as it must."""


class Plane:
    """etcd, API server, controllers, scheduler and kwok, in a folder of their own. Used with `with`."""

    def __init__(self, place):
        self.place = place
        self.processes = []
        self.port, self.etcd, self.peers = ports(3)
        self.environment = {**os.environ, "KUBECONFIG": str(place / "kubeconfig"), "HELM_CACHE_HOME": str(place / "helm/cache"),
                            "HELM_CONFIG_HOME": str(place / "helm/config"), "HELM_DATA_HOME": str(place / "helm/data")}
        self.trusting = ssl.create_default_context()
        # The server makes its own certificate, on loopback.
        self.trusting.check_hostname, self.trusting.verify_mode = False, ssl.CERT_NONE
        self.kinds = {}

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        # Nothing of it is kept, so nothing has to end well.
        for _, process in self.processes:
            process.kill()
        for _, process in self.processes:
            process.wait()

    # ---- its life ----

    def start(self):
        key, config = self.place / "sa.key", self.place / "kubeconfig"
        if run("openssl", "genrsa", "-out", key, "2048").returncode:
            raise Unwell("openssl made no key")
        (self.place / "tokens.csv").write_text(f"{TOKEN},admin,1,system:masters\n")
        config.write_text(yaml.safe_dump(self.kubeconfig()))
        client = f"http://127.0.0.1:{self.etcd}"
        self.run("etcd", "--data-dir", self.place / "etcd", "--unsafe-no-fsync", "--listen-client-urls", client, "--advertise-client-urls", client,
                 "--listen-peer-urls", f"http://127.0.0.1:{self.peers}")
        # Debian's etcd is older than what these two stand on: without them everything waits for its time-outs.
        without = "--feature-gates=SizeBasedListCostEstimate=false,WatchList=false"
        self.run("kube-apiserver", without, f"--etcd-servers={client}", f"--secure-port={self.port}", "--bind-address=127.0.0.1", f"--cert-dir={self.place / 'certs'}",
                 "--service-account-issuer=https://local", f"--service-account-key-file={key}", f"--service-account-signing-key-file={key}",
                 f"--token-auth-file={self.place / 'tokens.csv'}", "--authorization-mode=RBAC", "--service-cluster-ip-range=10.96.0.0/16")
        self.until("the API server is ready", lambda: self.ask("GET", "/readyz").ok)
        common = [f"--kubeconfig={config}", "--leader-elect=false", "--secure-port=0"]
        self.run("kube-controller-manager", *common, f"--service-account-private-key-file={key}")
        self.run("kube-scheduler", *common)
        self.run("kwok", f"--kubeconfig={config}", f"--config={TOOLS / 'stages.yaml'}", "--manage-all-nodes=true", "--node-lease-duration-seconds=40")
        for number in range(3):
            self.create(node(number))
        self.create(volume("one"))
        self.create(volume("two"))
        self.until("the nodes are ready", lambda: all(is_ready(it) for it in self.list("Node")))

    def kubeconfig(self):
        server = {"server": f"https://127.0.0.1:{self.port}", "insecure-skip-tls-verify": True}
        return {"apiVersion": "v1", "kind": "Config", "current-context": "it", "clusters": [{"name": "it", "cluster": server}],
                "users": [{"name": "it", "user": {"token": TOKEN}}], "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}]}

    def run(self, name, *arguments):
        log = open(self.place / f"{name}.log", "w")
        command = [str(TOOLS / "bin" / name), *map(str, arguments)]
        self.processes.append((name, subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)))

    def until(self, what, condition):
        """Waits for a condition, and for no more than its time."""
        end = time.monotonic() + PATIENCE
        while not condition():
            dead = [name for name, process in self.processes if process.poll() is not None]
            if dead or time.monotonic() > end:
                raise Unwell(f"{what}: {'ended: ' + ', '.join(dead) if dead else 'not in time'}\n{self.last_words()}")
            time.sleep(0.2)

    def last_words(self):
        """The ends of the logs."""
        lines = ((path.name, path.read_text().splitlines()[-5:]) for path in sorted(self.place.glob("*.log")))
        return "\n".join(f"{name}: {line}" for name, last in lines for line in last)

    # ---- what one asks of it ----

    def version(self):
        return json.loads(self.ask("GET", "/version").text)["gitVersion"]

    def ask(self, method, path, body=None):
        request = urllib.request.Request(f"https://127.0.0.1:{self.port}{path}", method=method, data=body and json.dumps(body).encode())
        request.add_header("Authorization", f"Bearer {TOKEN}")
        request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, context=self.trusting, timeout=30) as answer:
                return Answer(True, answer.read().decode())
        except urllib.error.HTTPError as error:
            return Answer(False, error.read().decode())
        except OSError as error:
            return Answer(False, str(error))

    def create(self, it, namespace=None, dry=False, must=True):
        """Makes an object, or only asks whether it could be made. Fields that do not exist are refused."""
        path = self.path(it["apiVersion"], it["kind"], namespace)
        answer = self.ask("POST", f"{path}?fieldValidation=Strict{'&dryRun=All' if dry else ''}", it)
        if must and not answer.ok:
            raise Unwell(f"{it['kind']} {it['metadata']['name']} was refused: {answer.text}")
        return answer

    def namespace(self, name):
        """A namespace that takes no pod that is not "restricted"; one that is there stays."""
        labels = {f"pod-security.kubernetes.io/{verb}": "restricted" for verb in ("enforce", "warn")}
        if not self.ask("GET", f"/api/v1/namespaces/{name}").ok:
            self.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
            self.until(f"namespace {name} has its account", lambda: self.ask("GET", f"/api/v1/namespaces/{name}/serviceaccounts/default").ok)

    def list(self, kind, namespace=None):
        api = next(api for api in self.served(kind))
        return json.loads(self.ask("GET", self.path(api, kind, namespace)).text)["items"]

    def served(self, kind):
        """The versions that have a kind, the preferred one first; looked up anew while there is none."""
        if kind not in self.kinds:
            self.discover()
        return self.kinds.get(kind, {})

    def discover(self):
        groups = json.loads(self.ask("GET", "/apis").text)["groups"]
        versions = ["v1"] + [version["groupVersion"] for group in groups for version in group["versions"]]
        for api in versions:
            answer = self.ask("GET", f"/api/{api}" if api == "v1" else f"/apis/{api}")
            for it in json.loads(answer.text)["resources"] if answer.ok else []:
                if "/" not in it["name"]:
                    self.kinds.setdefault(it["kind"], {}).setdefault(api, (it["name"], it["namespaced"]))

    def path(self, api, kind, namespace):
        self.served(kind)
        try:
            name, namespaced = self.kinds[kind][api]
        except KeyError:
            raise Unwell(f"the server does not know {kind} of {api}") from None
        root = "/api/v1" if api == "v1" else f"/apis/{api}"
        return f"{root}/namespaces/{namespace}/{name}" if namespaced and namespace else f"{root}/{name}"


def ports(count):
    """Ports of loopback that nobody uses now."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    numbers = [it.getsockname()[1] for it in sockets]
    for it in sockets:
        it.close()
    return numbers


def is_ready(it):
    """Whether a node or a pod says so."""
    return any(condition["type"] == "Ready" and condition["status"] == "True" for condition in it.get("status", {}).get("conditions", []))


def node(number):
    room = {"cpu": "64", "memory": "256Gi", "pods": "110"}
    labels = {"kubernetes.io/hostname": f"node-{number}", "topology.kubernetes.io/zone": f"zone-{number}", "kubernetes.io/arch": "amd64", "kubernetes.io/os": "linux"}
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": f"node-{number}", "labels": labels, "annotations": {"kwok.x-k8s.io/node": "fake"}},
            "status": {"capacity": room, "allocatable": room}}


def volume(name):
    """Something for the console's claim to get: nothing here makes volumes."""
    return {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": name},
            "spec": {"capacity": {"storage": "200Gi"}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/nowhere"}}}
