"""Files of others as change sets of the directory: bounded, with the line of whatever is wrong.

An importer takes the texts of its files by name and what is `Known` already, and returns a
`ChangeSet`; it touches no database. Raises Unreadable with everything that it could not read.
"""
