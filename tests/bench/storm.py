"""Keeps a disk busy until it is killed: a gigabyte into FILE again and again, with an fsync each 64 MiB."""

import os
import sys

MIB = 1 << 20

file = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
block = os.urandom(MIB)
while True:
    os.lseek(file, 0, os.SEEK_SET)
    for written in range(1, 1025):
        os.write(file, block)
        if written % 64 == 0:
            os.fsync(file)
