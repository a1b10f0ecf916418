"""Messages of the exchange plane."""
