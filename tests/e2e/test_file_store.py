# SPDX-License-Identifier: Apache-2.0
"""A store of files keeps its limits over several runs, and removes nothing that is not its own."""
import hashlib

from upload import Upload


def objects_in(folder):
    return {path.name: path.read_bytes() for path in folder.glob("??/*") if len(path.name) in (40, 64)}


def test_the_oldest_objects_go_and_are_counted_those_of_an_earlier_run_too(tmp_path):
    (tmp_path / "ab").mkdir()
    (tmp_path / "ab" / "notes.txt").write_text("x" * 100_000)
    store = f"{{ type: file, dir: '{tmp_path}', digest: sha1, max_bytes: 100kb }}"
    records, removed = [], 0
    for run in range(2):
        with Upload(store) as upload:
            for i in range(20):
                upload.exchange(b"%d" % i * 5000, path=f"/{run}/{i}")
            upload.flush()
        records += upload.records
        removed += sum(int(line.split()[3]) for line in upload.log if ": removed " in line)
    found = objects_in(tmp_path)
    assert 0 < sum(map(len, found.values())) <= 100 * 1024
    assert all(hashlib.sha1(data).hexdigest() == name for name, data in found.items())
    assert records[-1]["digest"] in found and records[0]["digest"] not in found
    assert removed == len({record["digest"] for record in records}) - len(found)
    assert (tmp_path / "ab" / "notes.txt").exists()
