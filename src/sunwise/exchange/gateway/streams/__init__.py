"""Market streams: from the bus's feeds to payloads, each made once however many listen."""
