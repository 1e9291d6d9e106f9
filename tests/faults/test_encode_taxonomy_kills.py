"""The job that encodes a taxonomy is killed twice, and every category ends up with one vector."""

import itertools
from pathlib import Path

import psycopg
import pytest

from config import embedded
from config.processes import Processes
from tests.catalog.test_taxonomy_files import PUBLIC
from tests.faults.test_kills import manage, wait_for

pytestmark = [pytest.mark.faults, pytest.mark.slow]

SYNTHETIC = 1_000
TOTAL_FROM_FILE = 1_000  # of the real file's first lines: enough to be killed in the middle of


def taxonomy_file(folder: Path) -> tuple[Path, int]:
    """The first categories of Shopify's real file where it is at hand, else made-up ones."""
    path = folder / "taxonomy.txt"
    real = PUBLIC / "shopify_categories_2025-01.txt"
    if real.is_file():
        with real.open(encoding="utf-8") as lines:
            kept = [line for line in lines if line.startswith("gid:")]
        kept = list(itertools.islice(kept, TOTAL_FROM_FILE))
    else:
        kept = [f"{n} - Aisle {n // 50} > Thing {n}\n" for n in range(SYNTHETIC)]
        kept += [f"{SYNTHETIC + n} - Aisle {n}\n" for n in range(SYNTHETIC // 50)]
    path.write_text("".join(kept), encoding="utf-8")
    return path, len(kept)


@pytest.mark.timeout(600)
def test_an_encoding_killed_twice_leaves_one_vector_per_category(
    tmp_path: Path, unused_tcp_port: int
) -> None:
    path, total = taxonomy_file(tmp_path)
    data = tmp_path / "data"
    environment = {
        "VITRINE_DATA_DIR": str(data),
        "DATABASE_URL": "",
        "REDIS_URL": "",
        "OMP_NUM_THREADS": "1",
    }
    database = embedded.database(data)
    embedded.redis_url(data)
    manage(environment, "migrate", "--verbosity=0")
    manage(environment, "load_taxonomy", str(path), "--slug", "killed")
    processes = Processes(port=unused_tcp_port, log_dir=tmp_path / "logs", environment=environment)
    with psycopg.connect(
        host=database["HOST"], user=database["USER"], dbname=database["NAME"], autocommit=True
    ) as connection:

        def number(query: str) -> int:
            return int(connection.execute(query).fetchone()[0])  # type: ignore[index]

        def vectors() -> int:
            return number("SELECT count(*) FROM catalog_categoryvector")

        try:
            processes.start("pipeline", "beat")
            made = 0
            for _ in range(2):
                wait_for(lambda at=made: vectors() > at, 180, "the first vectors")
                processes.kill("pipeline")
                made = vectors()
                assert made < total, "killed too late to prove anything"
                processes.start("pipeline")
            wait_for(lambda: vectors() == total, 300, "the last vector")
        finally:
            processes.stop()
        assert number("SELECT count(DISTINCT category_id) FROM catalog_categoryvector") == total
        assert vectors() == total
        stale = """
            SELECT count(*) FROM catalog_categoryvector vector
            JOIN catalog_category category ON category.id = vector.category_id
            WHERE vector.words_digest <> category.words_digest
        """
        assert number(stale) == 0
