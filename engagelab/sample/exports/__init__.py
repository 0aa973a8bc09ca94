"""The facts of the sample company as the vendors' systems export them.

Each module takes the canonical tables and gives files as
their systems write them: headers, encodings, line endings, zones and all.
"""

from engagelab.sample.exports.folder import export_files

__all__ = ["export_files"]
