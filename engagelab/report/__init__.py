"""From a notebook and a folder of export files to a page that can be sent."""
