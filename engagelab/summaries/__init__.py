"""Big tables to small ones, by SQL on the engine where the data are."""
