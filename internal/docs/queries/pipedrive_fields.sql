-- Custom fields and the columns that have their values
SELECT account_id, table_name, field_name, field_type, column_name
FROM pipedrive_fields
WHERE is_custom_field
ORDER BY account_id, table_name, field_name;

-- Labels of all fields' options, by the ids that the columns label and label_ids hold (SQLite)
SELECT f.account_id, f.table_name, f.field_name, o.value ->> 'id' AS id, o.value ->> 'label' AS label
FROM pipedrive_fields AS f, json_each(f.options) AS o
ORDER BY f.account_id, f.table_name, f.field_name, o.key;

-- Labels of all fields' options, by the ids that the columns label and label_ids hold (PostgreSQL)
SELECT f.account_id, f.table_name, f.field_name, o.value ->> 'id' AS id, o.value ->> 'label' AS label
FROM pipedrive_fields AS f, jsonb_array_elements(f.options) WITH ORDINALITY AS o (value, key)
ORDER BY f.account_id, f.table_name, f.field_name, o.key;
