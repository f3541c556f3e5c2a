"""Runs and lineage as OpenLineage events, for the catalogues that a company has already.

Each step of a run is a job whose run begins and ends, with what it read and made; columns say what
they are made of. Cubes and the portal are jobs without runs, so that lineage ends where figures are
looked at. See https://openlineage.io for the standard; its client library models the documents.
"""
