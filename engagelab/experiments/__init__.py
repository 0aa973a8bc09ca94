"""Did the campaign cause it: experiments planned, checked, compared, decided and remembered."""

__all__: list[str] = []


def __dir__() -> list[str]:
    return sorted(__all__)
