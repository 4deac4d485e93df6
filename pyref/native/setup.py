"""Builds the accelerator: one wheel for all of Python 3.11 and later, or one for 3.10 only."""

from __future__ import annotations

import sys

from setuptools import Extension, setup

# The buffer protocol is part of the limited API from 3.11 on.
LIMITED = sys.version_info >= (3, 11)

setup(
    ext_modules=[
        Extension(
            "_ringwire_native",
            ["json.c", "lane.c", "module.c", "word.c"],
            depends=["native.h"],
            define_macros=[("Py_LIMITED_API", "0x030B0000")] if LIMITED else [],
            py_limited_api=LIMITED,
            extra_compile_args=["-std=c11", "-O2"],
        )
    ],
    options={"bdist_wheel": {"py_limited_api": "cp311"}} if LIMITED else {},
)
