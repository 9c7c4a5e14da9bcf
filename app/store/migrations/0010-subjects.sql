-- A person is erased while nothing may be settled (M-63), and a statement has two seconds for that: so each table is asked
-- for their rows, and not looked at from end to end.
create index principal_groups_principal on principal_groups (principal);
create index spend_entries_principal on spend_entries (principal);
create index usage_daily_principal on usage_daily (principal);
create index spend_alerts_scope on spend_alerts (scope);
