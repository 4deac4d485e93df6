"""The functions that every peer runs."""


def add(a: int, b: int) -> dict[str, int]:
    return {"sum": a + b}


def echo(s: str) -> str:
    return s


async def add_async(a: int, b: int) -> dict[str, int]:
    return {"sum": a + b}


async def echo_async(s: str) -> str:
    return s
