"""Every table of a zone's database, whichever package owns it."""

from __future__ import annotations

import audit.index_tables
import audit.review.tables
import audit.saved
import audit.tables
import audit.tables_anchors
import gateway.access.tables
import gateway.access.tables_kept
import gateway.access.tables_requests
import gateway.identity.tables
import gateway.identity.tables_accounts
import gateway.identity.tables_break_glass
import gateway.identity.tables_factors
import gateway.identity.tables_fresh
import gateway.identity.tables_guards
import gateway.identity.tables_notices
import gateway.identity.tables_officers  # noqa: F401 - mapping the classes fills Base.metadata
import policies.tables
import policies.tables_campaign
import policies.tables_dossier
import policies.tables_running
from gateway.store.base import Base

METADATA = (audit.tables.metadata, policies.tables.metadata, Base.metadata)
