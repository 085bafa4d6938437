"""Writes the files that tests/cli_columnar.rs reads: the same five rows by pyarrow and polars, in all that they compress with.

python3 -m venv venv && venv/bin/pip install pyarrow polars && venv/bin/python tests/columnar/make.py
"""

import datetime
import pathlib

import polars as pl
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq

here = pathlib.Path(__file__).parent
day = datetime.date(2024, 2, 16)
table = pa.table(
    {
        "id": pa.array([1, 2, 3, 4, 5], pa.int64()),
        "text": ["قصفت الطائرات", "أدان الوزير", None, "", "دعا الوزير"],
        "day": [day + datetime.timedelta(n) for n in range(5)],
        "tags": [["a"], ["b", "c"], [], None, ["d"]],
        "label": pa.array(["strike", "statement", "strike", "strike", "statement"]).dictionary_encode(),
        "article": [
            {"body": body, "page": n}
            for n, body in enumerate(["قصف", "أدان", "قصف المدينة", "قصف البلدة", "أدان الوزير"])
        ],
    }
)
for codec in ["snappy", "gzip", "lz4", "zstd", "brotli"]:
    pq.write_table(table, here / f"{codec}.parquet", compression=codec)
pq.write_table(table, here / "zstd-v2.parquet", compression="zstd", data_page_version="2.0", row_group_size=2)
pl.from_arrow(table).write_parquet(here / "polars.parquet")
pyarrow.feather.write_feather(table, str(here / "file.arrow"), compression="lz4")
with pa.ipc.new_stream(here / "stream.arrows", table.schema) as stream:
    stream.write_table(table, max_chunksize=2)
