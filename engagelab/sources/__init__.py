"""From a file as the vendor exports it to a canonical table, nothing lost.

    bytes -> decode -> rows -> sniff (which vendor?) -> convert, stamps -> shape -> Reading

What is known of the vendors stands in `declarations/*.toml`; the code only reads it.
"""
