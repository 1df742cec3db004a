"""How much a device or a file may say. What says more is not believed, and takes no memory of the controller."""

from __future__ import annotations

RAW_BYTES = 8_000_000  # of one answer as it comes; the largest honest one, a PC with 1,000 sound cards, has 1 MB
ERROR_BYTES = 65_536  # of what is said beside an answer
UNPACKED_BYTES = 32_000_000  # of one answer, decompressed
TOO_MUCH = "it said more than 8 MB, of which nothing is believed"
YAML_NODES = 200_000  # of one file of the intent, its aliases written out; 1,000 kits have 50,000
YAML_DEPTH = 100  # of one file of the intent; ours have 6
FILE_BYTES = 8_000_000  # of one file of the intent, or of a delivery list
LIST_ROWS, LIST_COLUMNS = 20_000, 200  # of a delivery list; 1,000 kits have 5,000 rows and 15 columns
BACKUP_BYTES = 2_000_000_000  # of a backup as it lies on the disk
BACKUP_GROWS = 50  # times its size a backup may unpack to, beyond UNPACKED_BYTES; a ledger's JSON packs ten to one
SECRET_FILE_BYTES = 4096  # of a file with a password
KEY_BYTES = 65_536  # of an SSH key; one of RSA with 16,384 bits has 13,000
