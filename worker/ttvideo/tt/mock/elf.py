"""The one program that the stand-in for the compiler links: it returns, and tt-metal's loader takes it for a kernel."""

from __future__ import annotations

import struct

# What tt-metal 0.81.1 asks of a kernel (llrt/tt_elffile.cpp): a 32-bit RISC-V executable with one executable segment,
# a symbol table, and at least one relocation of a loaded section.
RISCV, EXECUTABLE = 243, 2
PROGBITS, SYMTAB, STRTAB, RELA = 1, 2, 3, 4
ALLOCATED_CODE, INFO_LINK = 0x6, 0x40
GLOBAL, GLOBAL_FUNCTION, ABSOLUTE = 0x10, 0x12, 0xFFF1
RELAX = 51
HEADER, SEGMENT, SECTION, SYMBOL = 52, 32, 40, 16

CODE = struct.pack("<2I", 0x00000513, 0x00008067)  # li a0, 0; ret
TEXT = 1
"""The number of the section of the code."""


def nothing() -> bytes:
    """An ELF file of a program that does nothing, at address 0."""
    names, symbols = b"\0", bytes(SYMBOL)
    for name, value, info, section in (
        ("_start", 0, GLOBAL_FUNCTION, TEXT),
        ("__fw_export_text_end", 16, GLOBAL, ABSOLUTE),
        ("__fw_export_ldm_end", 16, GLOBAL, ABSOLUTE),
    ):
        symbols += struct.pack("<IIIBBH", len(names), value, 0, info, 0, section)
        names += name.encode() + b"\0"
    relocation = struct.pack("<IIi", 0, RELAX, 0)
    titles = b"\0.text\0.symtab\0.strtab\0.shstrtab\0.rela.text\0"
    # Name, type, flags, contents, link, info, alignment, size of an entry.
    sections = (
        (b".text", PROGBITS, ALLOCATED_CODE, CODE, 0, 0, 4, 0),
        (b".symtab", SYMTAB, 0, symbols, 3, 1, 4, SYMBOL),
        (b".strtab", STRTAB, 0, names, 0, 0, 1, 0),
        (b".shstrtab", STRTAB, 0, titles, 0, 0, 1, 0),
        (b".rela.text", RELA, INFO_LINK, relocation, 2, TEXT, 4, len(relocation)),
    )
    body, table = b"", bytes(SECTION)
    for title, kind, flags, contents, link, info, alignment, entry in sections:
        body += bytes(-len(body) % 16)
        offset = HEADER + SEGMENT + 12 + len(body)
        table += struct.pack(
            "<10I", titles.index(title + b"\0"), kind, flags, 0, offset, len(contents), link, info, alignment, entry
        )
        body += contents
    body += bytes(-len(body) % 16)
    start = HEADER + SEGMENT + 12
    identity = b"\x7fELF\x01\x01\x01".ljust(16, b"\0")
    header = identity + struct.pack(
        "<HHIIIIIHHHHHH",
        *(EXECUTABLE, RISCV, 1, 0, HEADER, start + len(body), 0),
        *(HEADER, SEGMENT, 1, SECTION, len(sections) + 1, 4),
    )
    segment = struct.pack("<8I", 1, start, 0, 0, len(CODE), len(CODE), 5, 16)
    return header + segment + bytes(12) + body + table
