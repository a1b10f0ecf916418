"""SCIM 2.0 (RFC 7643, 7644): the identity provider keeps users and groups in step with people and teams.

`resources` says what of a user is kept (nothing else is, whatever is sent), `claims_of` what that says
about a person, `store` keeps the resources beside the claims in the same transaction, `protocol` is
the protocol without HTTP, `api` the routes.
"""
