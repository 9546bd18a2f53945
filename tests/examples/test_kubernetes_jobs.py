"""The Kubernetes files fit the schema, hang together, and tell each pod its place."""

import os
import subprocess
from pathlib import Path

import pytest
import tensorflow as tf

yaml = pytest.importorskip("yaml", reason="PyYAML is not installed")
FOLDER = Path(__file__).parents[2] / "examples/kubernetes"
FILES = sorted(FOLDER.glob("*.yaml"))
VERSIONS = ("1.31", "1.37")
PYTHON = '#!/usr/bin/env bash\nprintf "%s" "$TF_CONFIG" > config\nprintf "%s\\n" "$@" > arguments\n'


def documents(path):
    return {document["kind"]: document for document in yaml.safe_load_all(path.read_text())}


def container(job):
    (only,) = job["spec"]["template"]["spec"]["containers"]
    return only


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_fits_the_schema(path, version):
    validate = pytest.importorskip("kubernetes_validate", reason="kubernetes-validate is not installed").validate
    for document in documents(path).values():
        validate(document, version, strict=True)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_what_another_try_can_mend_is_tried_again(path):
    spec = documents(path)["Job"]["spec"]
    disrupted, saved, mistaken = spec["podFailurePolicy"]["rules"]
    assert disrupted["onPodConditions"] == [{"type": "DisruptionTarget", "status": "True"}]
    assert (disrupted["action"], saved["action"], mistaken["action"]) == ("Ignore", "Ignore", "FailJob")
    assert (saved["onExitCodes"]["values"], mistaken["onExitCodes"]["values"]) == ([75], [2])
    names = {rule["onExitCodes"]["containerName"] for rule in (saved, mistaken)}
    assert names == {container(documents(path)["Job"])["name"]}
    # podFailurePolicy needs the first; the second keeps one worker a number.
    assert spec["template"]["spec"]["restartPolicy"] == "Never"
    assert spec["podReplacementPolicy"] == "Failed"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_mount_has_its_volume(path):
    pod = documents(path)["Job"]["spec"]["template"]["spec"]
    mounts = {mount["name"] for mount in container(documents(path)["Job"])["volumeMounts"]}
    assert mounts == {volume["name"] for volume in pod["volumes"]}


def test_pods_find_one_another():
    found = documents(FOLDER / "four_hosts.yaml")
    service, job = found["Service"], found["Job"]
    environment = {each["name"]: each["value"] for each in container(job)["env"]}
    assert service["spec"]["clusterIP"] == "None"  # headless: a name for each pod
    assert service["spec"]["selector"] == {"batch.kubernetes.io/job-name": job["metadata"]["name"]}
    assert job["spec"]["template"]["spec"]["subdomain"] == service["metadata"]["name"] == environment["JOB"]
    assert job["spec"]["completionMode"] == "Indexed"
    assert job["spec"]["completions"] == job["spec"]["parallelism"] == int(environment["WORKERS"])


@pytest.mark.parametrize("workers", [2, 4])
def test_each_worker_learns_of_all_and_its_own_place(tmp_path, monkeypatch, workers):
    job = documents(FOLDER / "four_hosts.yaml")["Job"]
    (tmp_path / "python").write_text(PYTHON)
    (tmp_path / "python").chmod(0o755)
    command = [*container(job)["command"], *container(job)["args"]]
    for k in range(workers):
        environment = os.environ | {"JOB": "imagenet", "WORKERS": str(workers), "JOB_COMPLETION_INDEX": str(k)}
        environment["PATH"] = f"{tmp_path}:{environment['PATH']}"
        subprocess.run(command, cwd=tmp_path, env=environment, check=True, timeout=30)
        monkeypatch.setenv("TF_CONFIG", (tmp_path / "config").read_text())
        resolver = tf.distribute.cluster_resolver.TFConfigClusterResolver()
        assert resolver.cluster_spec().as_dict()["worker"] == [f"imagenet-{n}.imagenet:2222" for n in range(workers)]
        assert (resolver.task_type, resolver.task_id) == ("worker", k)
        arguments = (tmp_path / "arguments").read_text().split()
        assert arguments[:2] == ["recipes/imagenet_resnet.py", "goyal2017"]
        assert arguments[-4:] == ["--devices", "workers", "--workdir", "/shared/runs/imagenet"]
