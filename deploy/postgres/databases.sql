-- Runs once, when the server's folder is empty: a role and a database for boxoffice, and for Temporal, each its own.
\getenv boxoffice_password BOXOFFICE_DATABASE_PASSWORD
\getenv temporal_password TEMPORAL_DATABASE_PASSWORD

CREATE ROLE boxoffice LOGIN PASSWORD :'boxoffice_password';
CREATE DATABASE boxoffice OWNER boxoffice;

CREATE ROLE temporal LOGIN PASSWORD :'temporal_password';
CREATE DATABASE temporal OWNER temporal;
CREATE DATABASE temporal_visibility OWNER temporal;

REVOKE CONNECT ON DATABASE boxoffice, temporal, temporal_visibility FROM PUBLIC;
