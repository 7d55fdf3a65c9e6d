"""Reads an artifact as the OCI specifications say, with nothing but the standard library: read.py ADDRESS REPOSITORY TAG.

Every blob is checked by size and digest. What was found goes to standard output as JSON.
"""

import base64
import hashlib
import json
import sys
import urllib.request

MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def get(url, accept):
    with urllib.request.urlopen(urllib.request.Request(url, headers={"Accept": accept})) as answer:
        return answer.read(), answer.headers


address, repository, tag = sys.argv[1:]
base = f"http://{address}/v2/{repository}"
raw, headers = get(f"{base}/manifests/{tag}", MANIFEST)
digest = "sha256:" + hashlib.sha256(raw).hexdigest()
assert headers["Content-Type"] == MANIFEST, headers["Content-Type"]
assert headers["Docker-Content-Digest"] == digest, headers["Docker-Content-Digest"]
assert get(f"{base}/manifests/{digest}", MANIFEST)[0] == raw
manifest = json.loads(raw)
assert manifest["schemaVersion"] == 2 and manifest["mediaType"] == MANIFEST
blobs = []
for blob in [manifest["config"], *manifest["layers"]]:
    content, _ = get(f"{base}/blobs/{blob['digest']}", "*/*")
    assert len(content) == blob["size"], blob
    assert "sha256:" + hashlib.sha256(content).hexdigest() == blob["digest"], blob
    blobs.append({
        "type": blob["mediaType"],
        "title": blob.get("annotations", {}).get("org.opencontainers.image.title"),
        "content": base64.b64encode(content).decode(),
    })
print(json.dumps({
    "digest": digest,
    "artifactType": manifest.get("artifactType"),
    "annotations": manifest.get("annotations"),
    "blobs": blobs,
}))
