-- Descriptions of the tables and their columns, for PostgreSQL, whose destination writes none. Made by `make gen`.
-- Run it after the first sync, and again after custom fields have changed:
--   psql "$POSTGRESQL_CONNECTION_STRING" -f docs/examples/comments.sql
-- The statements on tables that were not synced fail, which does no harm.

COMMENT ON TABLE pipedrive_activity_types IS 'Types of activities. https://developers.pipedrive.com/docs/api/v1/ActivityTypes#getActivityTypes';
COMMENT ON COLUMN pipedrive_activity_types._cq_id IS 'Internal CQ ID of the row';
COMMENT ON COLUMN pipedrive_activity_types._cq_parent_id IS 'Internal CQ ID of the parent row';
COMMENT ON COLUMN pipedrive_activity_types.account_id IS 'The account that the record belongs to: Pipedrive''s company id.';
COMMENT ON COLUMN pipedrive_activity_types.id IS 'The type''s id.';
COMMENT ON COLUMN pipedrive_activity_types.name IS 'Name.';
COMMENT ON COLUMN pipedrive_activity_types.key_string IS 'The key by which activities name their type.';
COMMENT ON COLUMN pipedrive_activity_types.icon_key IS 'Icon of the type''s activities.';
COMMENT ON COLUMN pipedrive_activity_types.color IS 'Colour, as six hexadecimal digits.';
COMMENT ON COLUMN pipedrive_activity_types.order_nr IS 'Position among the types.';
COMMENT ON COLUMN pipedrive_activity_types.active_flag IS 'Whether the type is in use, that is, not deleted.';
COMMENT ON COLUMN pipedrive_activity_types.is_custom_flag IS 'Whether the company added the type.';
COMMENT ON COLUMN pipedrive_activity_types.add_time IS 'When the type was created.';
COMMENT ON COLUMN pipedrive_activity_types.update_time IS 'When the type was last changed.';

COMMENT ON TABLE pipedrive_deals IS 'Sales opportunities: open, won and lost ones, archived ones, and those deleted in the last 30 days. https://developers.pipedrive.com/docs/api/v1/Deals#getDeals';
COMMENT ON COLUMN pipedrive_deals._cq_id IS 'Internal CQ ID of the row';
COMMENT ON COLUMN pipedrive_deals._cq_parent_id IS 'Internal CQ ID of the parent row';
COMMENT ON COLUMN pipedrive_deals.account_id IS 'The account that the record belongs to: Pipedrive''s company id.';
COMMENT ON COLUMN pipedrive_deals.id IS 'The deal''s id.';
COMMENT ON COLUMN pipedrive_deals.title IS 'Title.';
COMMENT ON COLUMN pipedrive_deals.value IS 'Value in the deal''s currency.';
COMMENT ON COLUMN pipedrive_deals.currency IS 'Currency of the value, an ISO 4217 code.';
COMMENT ON COLUMN pipedrive_deals.status IS 'open, won, lost or deleted.';
COMMENT ON COLUMN pipedrive_deals.stage_id IS 'The stage that the deal is in.';
COMMENT ON COLUMN pipedrive_deals.stage_order_nr IS 'Position of the stage in its pipeline.';
COMMENT ON COLUMN pipedrive_deals.pipeline_id IS 'The pipeline that the deal is in.';
COMMENT ON COLUMN pipedrive_deals.person_id IS 'The person whom the deal is with.';
COMMENT ON COLUMN pipedrive_deals.org_id IS 'The organization that the deal is with.';
COMMENT ON COLUMN pipedrive_deals.owner_id IS 'The user who owns the deal.';
COMMENT ON COLUMN pipedrive_deals.owner_name IS 'The owner''s name.';
COMMENT ON COLUMN pipedrive_deals.owner_email IS 'The owner''s e-mail address.';
COMMENT ON COLUMN pipedrive_deals.expected_close_date IS 'The day on which the deal is expected to be closed.';
COMMENT ON COLUMN pipedrive_deals.add_time IS 'When the deal was created.';
COMMENT ON COLUMN pipedrive_deals.update_time IS 'When the deal was last changed.';
COMMENT ON COLUMN pipedrive_deals.close_time IS 'When the deal was won or lost.';
COMMENT ON COLUMN pipedrive_deals.won_time IS 'When the deal was won.';
COMMENT ON COLUMN pipedrive_deals.lost_time IS 'When the deal was lost.';
COMMENT ON COLUMN pipedrive_deals.visible_to IS 'Who sees the deal: 1 its owner, 3 the entire company; on larger plans 1 the owner, 3 the owner''s group, 5 and its sub-groups, 7 the entire company.';
COMMENT ON COLUMN pipedrive_deals.probability IS 'Probability of winning the deal, in percent.';
COMMENT ON COLUMN pipedrive_deals.lost_reason IS 'Why the deal was lost.';
COMMENT ON COLUMN pipedrive_deals.creator_user_id IS 'The user who created the deal.';
COMMENT ON COLUMN pipedrive_deals.stage_change_time IS 'When the deal last moved to another stage.';
COMMENT ON COLUMN pipedrive_deals.archive_time IS 'When the deal was archived.';
COMMENT ON COLUMN pipedrive_deals.is_deleted IS 'Whether the deal is deleted.';
COMMENT ON COLUMN pipedrive_deals.is_archived IS 'Whether the deal is archived.';
COMMENT ON COLUMN pipedrive_deals.local_won_date IS 'The day on which the deal was won, in the company''s time zone.';
COMMENT ON COLUMN pipedrive_deals.local_lost_date IS 'The day on which the deal was lost, in the company''s time zone.';
COMMENT ON COLUMN pipedrive_deals.local_close_date IS 'The day on which the deal was closed, in the company''s time zone.';
COMMENT ON COLUMN pipedrive_deals.label_ids IS 'Labels of the deal: a list of options of the field label.';
COMMENT ON COLUMN pipedrive_deals.origin IS 'How the deal was created: ManuallyCreated, API, …';
COMMENT ON COLUMN pipedrive_deals.origin_id IS 'What created the deal, in the origin''s terms.';
COMMENT ON COLUMN pipedrive_deals.channel IS 'Marketing channel: an option of the field channel.';
COMMENT ON COLUMN pipedrive_deals.channel_id IS 'What the channel was exactly, like a campaign.';
COMMENT ON COLUMN pipedrive_deals.arr IS 'Annual recurring revenue, in the deal''s currency.';
COMMENT ON COLUMN pipedrive_deals.mrr IS 'Monthly recurring revenue, in the deal''s currency.';
COMMENT ON COLUMN pipedrive_deals.acv IS 'Annual contract value, in the deal''s currency.';
COMMENT ON COLUMN pipedrive_deals.next_activity_id IS 'The next activity that is planned for the deal.';
COMMENT ON COLUMN pipedrive_deals.last_activity_id IS 'The last activity of the deal that is done.';
COMMENT ON COLUMN pipedrive_deals.first_won_time IS 'When the deal was won for the first time.';
COMMENT ON COLUMN pipedrive_deals.products_count IS 'Number of products of the deal.';
COMMENT ON COLUMN pipedrive_deals.email_messages_count IS 'Number of e-mail messages of the deal.';
COMMENT ON COLUMN pipedrive_deals.activities_count IS 'Number of activities of the deal.';
COMMENT ON COLUMN pipedrive_deals.done_activities_count IS 'Number of activities of the deal that are done.';
COMMENT ON COLUMN pipedrive_deals.undone_activities_count IS 'Number of activities of the deal that are not done.';
COMMENT ON COLUMN pipedrive_deals.files_count IS 'Number of files of the deal.';
COMMENT ON COLUMN pipedrive_deals.notes_count IS 'Number of notes of the deal.';
COMMENT ON COLUMN pipedrive_deals.followers_count IS 'Number of users who follow the deal.';
COMMENT ON COLUMN pipedrive_deals.participants_count IS 'Number of persons who take part in the deal.';
COMMENT ON COLUMN pipedrive_deals.last_incoming_mail_time IS 'When the last e-mail from the deal came in.';
COMMENT ON COLUMN pipedrive_deals.last_outgoing_mail_time IS 'When the last e-mail to the deal went out.';
COMMENT ON COLUMN pipedrive_deals.smart_bcc_email IS 'Address that files an e-mail with the deal when it is put in copy.';
COMMENT ON COLUMN pipedrive_deals.source_lead_id IS 'The lead that the deal was made from.';
COMMENT ON COLUMN pipedrive_deals.custom_fields IS 'Custom fields as Pipedrive sends them: an object keyed by the 40-character hash of each field.';

COMMENT ON TABLE pipedrive_fields IS 'Fields of deals, persons and organizations, standard and custom ones, each with the column that has its values. https://developers.pipedrive.com/docs/api/v1/DealFields#getDealFields';
COMMENT ON COLUMN pipedrive_fields._cq_id IS 'Internal CQ ID of the row';
COMMENT ON COLUMN pipedrive_fields._cq_parent_id IS 'Internal CQ ID of the parent row';
COMMENT ON COLUMN pipedrive_fields.account_id IS 'The account that the record belongs to: Pipedrive''s company id.';
COMMENT ON COLUMN pipedrive_fields.entity IS 'What the field belongs to: deal, person or organization.';
COMMENT ON COLUMN pipedrive_fields.field_code IS 'The field''s key in the API: a 40-character hash for a custom field.';
COMMENT ON COLUMN pipedrive_fields.field_name IS 'The field''s name, as users see it. Names are not unique.';
COMMENT ON COLUMN pipedrive_fields.field_type IS 'Type of the field''s values: varchar, enum, monetary, …';
COMMENT ON COLUMN pipedrive_fields.is_custom_field IS 'Whether users of the account added the field.';
COMMENT ON COLUMN pipedrive_fields.table_name IS 'The table whose rows have the field.';
COMMENT ON COLUMN pipedrive_fields.column_name IS 'The column that has the field''s value. Of a value with parts, the others are in columns that begin with this name.';
COMMENT ON COLUMN pipedrive_fields.options IS 'Options of the field: a list of {id, label, …}.';
COMMENT ON COLUMN pipedrive_fields.subfields IS 'Parts of the field''s values: a list of {field_code, field_name, field_type}.';
COMMENT ON COLUMN pipedrive_fields.description IS 'What users wrote about the field.';
COMMENT ON COLUMN pipedrive_fields.is_optional_response_field IS 'Whether API v2 sends the field only when it is asked to.';
COMMENT ON COLUMN pipedrive_fields.id IS 'The field''s id in API v1, where parts of a custom field have none; NULL on v2.';

COMMENT ON TABLE pipedrive_notes IS 'Notes that are attached to deals, persons, organizations, leads and projects. Pipedrive has them in API v1 only. https://developers.pipedrive.com/docs/api/v1/Notes#getNotes';
COMMENT ON COLUMN pipedrive_notes._cq_id IS 'Internal CQ ID of the row';
COMMENT ON COLUMN pipedrive_notes._cq_parent_id IS 'Internal CQ ID of the parent row';
COMMENT ON COLUMN pipedrive_notes.account_id IS 'The account that the record belongs to: Pipedrive''s company id.';
COMMENT ON COLUMN pipedrive_notes.id IS 'The note''s id.';
COMMENT ON COLUMN pipedrive_notes.content IS 'Content, as HTML.';
COMMENT ON COLUMN pipedrive_notes.add_time IS 'When the note was created.';
COMMENT ON COLUMN pipedrive_notes.update_time IS 'When the note was last changed.';
COMMENT ON COLUMN pipedrive_notes.user_id IS 'The user who wrote the note.';
COMMENT ON COLUMN pipedrive_notes.user_name IS 'Name of the user who wrote the note.';
COMMENT ON COLUMN pipedrive_notes.user_email IS 'E-mail address of the user who wrote the note.';
COMMENT ON COLUMN pipedrive_notes.deal_id IS 'The deal that the note is attached to.';
COMMENT ON COLUMN pipedrive_notes.deal_title IS 'Title of that deal.';
COMMENT ON COLUMN pipedrive_notes.person_id IS 'The person that the note is attached to.';
COMMENT ON COLUMN pipedrive_notes.person_name IS 'Name of that person.';
COMMENT ON COLUMN pipedrive_notes.org_id IS 'The organization that the note is attached to.';
COMMENT ON COLUMN pipedrive_notes.organization_name IS 'Name of that organization.';
COMMENT ON COLUMN pipedrive_notes.pinned_to_deal_flag IS 'Whether the note is pinned to its deal.';
COMMENT ON COLUMN pipedrive_notes.pinned_to_person_flag IS 'Whether the note is pinned to its person.';
COMMENT ON COLUMN pipedrive_notes.pinned_to_organization_flag IS 'Whether the note is pinned to its organization.';
COMMENT ON COLUMN pipedrive_notes.active_flag IS 'Whether the note is active, that is, not deleted.';
COMMENT ON COLUMN pipedrive_notes.lead_id IS 'The lead that the note is attached to.';
COMMENT ON COLUMN pipedrive_notes.project_id IS 'The project that the note is attached to.';
COMMENT ON COLUMN pipedrive_notes.project_title IS 'Title of that project.';
COMMENT ON COLUMN pipedrive_notes.task_id IS 'The task that the note is attached to.';
COMMENT ON COLUMN pipedrive_notes.task_title IS 'Title of that task.';
COMMENT ON COLUMN pipedrive_notes.last_update_user_id IS 'The user who last changed the note.';
COMMENT ON COLUMN pipedrive_notes.pinned_to_lead_flag IS 'Whether the note is pinned to its lead.';
COMMENT ON COLUMN pipedrive_notes.pinned_to_project_flag IS 'Whether the note is pinned to its project.';
COMMENT ON COLUMN pipedrive_notes.pinned_to_task_flag IS 'Whether the note is pinned to its task.';

COMMENT ON TABLE pipedrive_organizations IS 'Companies and other organizations that the company deals with. https://developers.pipedrive.com/docs/api/v1/Organizations#getOrganizations';
COMMENT ON COLUMN pipedrive_organizations._cq_id IS 'Internal CQ ID of the row';
COMMENT ON COLUMN pipedrive_organizations._cq_parent_id IS 'Internal CQ ID of the parent row';
COMMENT ON COLUMN pipedrive_organizations.account_id IS 'The account that the record belongs to: Pipedrive''s company id.';
COMMENT ON COLUMN pipedrive_organizations.id IS 'The organization''s id.';
COMMENT ON COLUMN pipedrive_organizations.name IS 'Name.';
COMMENT ON COLUMN pipedrive_organizations.address IS 'Full address.';
COMMENT ON COLUMN pipedrive_organizations.address_country IS 'Country of the address.';
COMMENT ON COLUMN pipedrive_organizations.address_admin_area_level_1 IS 'State or region of the address.';
COMMENT ON COLUMN pipedrive_organizations.address_admin_area_level_2 IS 'County of the address.';
COMMENT ON COLUMN pipedrive_organizations.address_locality IS 'City or town of the address.';
COMMENT ON COLUMN pipedrive_organizations.address_sublocality IS 'District of the address.';
COMMENT ON COLUMN pipedrive_organizations.address_route IS 'Street of the address.';
COMMENT ON COLUMN pipedrive_organizations.address_street_number IS 'House number of the address.';
COMMENT ON COLUMN pipedrive_organizations.address_subpremise IS 'Apartment or suite of the address.';
COMMENT ON COLUMN pipedrive_organizations.address_postal_code IS 'Postal code of the address.';
COMMENT ON COLUMN pipedrive_organizations.address_formatted_address IS 'The address in one line, as the map service writes it.';
COMMENT ON COLUMN pipedrive_organizations.owner_id IS 'The user who owns the organization.';
COMMENT ON COLUMN pipedrive_organizations.owner_name IS 'The owner''s name.';
COMMENT ON COLUMN pipedrive_organizations.owner_email IS 'The owner''s e-mail address.';
COMMENT ON COLUMN pipedrive_organizations.people_count IS 'Number of persons of the organization.';
COMMENT ON COLUMN pipedrive_organizations.open_deals_count IS 'Number of open deals.';
COMMENT ON COLUMN pipedrive_organizations.closed_deals_count IS 'Number of closed deals.';
COMMENT ON COLUMN pipedrive_organizations.won_deals_count IS 'Number of won deals.';
COMMENT ON COLUMN pipedrive_organizations.lost_deals_count IS 'Number of lost deals.';
COMMENT ON COLUMN pipedrive_organizations.add_time IS 'When the organization was created.';
COMMENT ON COLUMN pipedrive_organizations.update_time IS 'When the organization was last changed.';
COMMENT ON COLUMN pipedrive_organizations.visible_to IS 'Who sees the organization: 1 its owner, 3 the entire company; on larger plans 1 the owner, 3 the owner''s group, 5 and its sub-groups, 7 the entire company.';
COMMENT ON COLUMN pipedrive_organizations.label IS 'The first of the organization''s labels: an option of the field label_ids.';
COMMENT ON COLUMN pipedrive_organizations.label_ids IS 'All labels of the organization: a list of options of the field label_ids.';
COMMENT ON COLUMN pipedrive_organizations.cc_email IS 'Address that files an e-mail with the organization when it is put in copy.';
COMMENT ON COLUMN pipedrive_organizations.is_deleted IS 'Whether the organization is deleted.';
COMMENT ON COLUMN pipedrive_organizations.picture_id IS 'The organization''s picture.';
COMMENT ON COLUMN pipedrive_organizations.website IS 'Web site.';
COMMENT ON COLUMN pipedrive_organizations.linkedin IS 'LinkedIn page.';
COMMENT ON COLUMN pipedrive_organizations.industry IS 'Industry: an option of the field industry.';
COMMENT ON COLUMN pipedrive_organizations.annual_revenue IS 'Annual revenue.';
COMMENT ON COLUMN pipedrive_organizations.employee_count IS 'Number of employees.';
COMMENT ON COLUMN pipedrive_organizations.next_activity_id IS 'The next activity that is planned for the organization.';
COMMENT ON COLUMN pipedrive_organizations.last_activity_id IS 'The last activity of the organization that is done.';
COMMENT ON COLUMN pipedrive_organizations.related_open_deals_count IS 'Number of open deals of related organizations.';
COMMENT ON COLUMN pipedrive_organizations.related_closed_deals_count IS 'Number of closed deals of related organizations.';
COMMENT ON COLUMN pipedrive_organizations.related_won_deals_count IS 'Number of won deals of related organizations.';
COMMENT ON COLUMN pipedrive_organizations.related_lost_deals_count IS 'Number of lost deals of related organizations.';
COMMENT ON COLUMN pipedrive_organizations.email_messages_count IS 'Number of e-mail messages of the organization.';
COMMENT ON COLUMN pipedrive_organizations.activities_count IS 'Number of activities of the organization.';
COMMENT ON COLUMN pipedrive_organizations.done_activities_count IS 'Number of activities of the organization that are done.';
COMMENT ON COLUMN pipedrive_organizations.undone_activities_count IS 'Number of activities of the organization that are not done.';
COMMENT ON COLUMN pipedrive_organizations.files_count IS 'Number of files of the organization.';
COMMENT ON COLUMN pipedrive_organizations.notes_count IS 'Number of notes of the organization.';
COMMENT ON COLUMN pipedrive_organizations.followers_count IS 'Number of users who follow the organization.';
COMMENT ON COLUMN pipedrive_organizations.custom_fields IS 'Custom fields as Pipedrive sends them: an object keyed by the 40-character hash of each field.';

COMMENT ON TABLE pipedrive_persons IS 'Contacts: the people whom the company deals with. https://developers.pipedrive.com/docs/api/v1/Persons#getPersons';
COMMENT ON COLUMN pipedrive_persons._cq_id IS 'Internal CQ ID of the row';
COMMENT ON COLUMN pipedrive_persons._cq_parent_id IS 'Internal CQ ID of the parent row';
COMMENT ON COLUMN pipedrive_persons.account_id IS 'The account that the record belongs to: Pipedrive''s company id.';
COMMENT ON COLUMN pipedrive_persons.id IS 'The person''s id.';
COMMENT ON COLUMN pipedrive_persons.name IS 'Full name.';
COMMENT ON COLUMN pipedrive_persons.first_name IS 'First name.';
COMMENT ON COLUMN pipedrive_persons.last_name IS 'Last name.';
COMMENT ON COLUMN pipedrive_persons.email IS 'E-mail addresses: a list of {value, primary, label}.';
COMMENT ON COLUMN pipedrive_persons.phone IS 'Phone numbers: a list of {value, primary, label}.';
COMMENT ON COLUMN pipedrive_persons.org_id IS 'The organization that the person belongs to.';
COMMENT ON COLUMN pipedrive_persons.owner_id IS 'The user who owns the person.';
COMMENT ON COLUMN pipedrive_persons.owner_name IS 'The owner''s name.';
COMMENT ON COLUMN pipedrive_persons.owner_email IS 'The owner''s e-mail address.';
COMMENT ON COLUMN pipedrive_persons.add_time IS 'When the person was created.';
COMMENT ON COLUMN pipedrive_persons.update_time IS 'When the person was last changed.';
COMMENT ON COLUMN pipedrive_persons.visible_to IS 'Who sees the person: 1 its owner, 3 the entire company; on larger plans 1 the owner, 3 the owner''s group, 5 and its sub-groups, 7 the entire company.';
COMMENT ON COLUMN pipedrive_persons.label IS 'The first of the person''s labels: an option of the field label_ids.';
COMMENT ON COLUMN pipedrive_persons.label_ids IS 'All labels of the person: a list of options of the field label_ids.';
COMMENT ON COLUMN pipedrive_persons.cc_email IS 'Address that files an e-mail with the person when it is put in copy.';
COMMENT ON COLUMN pipedrive_persons.is_deleted IS 'Whether the person is deleted.';
COMMENT ON COLUMN pipedrive_persons.picture_id IS 'The person''s picture.';
COMMENT ON COLUMN pipedrive_persons.postal_address IS 'Postal address with its parts, where contact sync is on.';
COMMENT ON COLUMN pipedrive_persons.notes IS 'Notes of the contact, where contact sync is on.';
COMMENT ON COLUMN pipedrive_persons.im IS 'Instant-messenger accounts: a list of {value, primary, label}, where contact sync is on.';
COMMENT ON COLUMN pipedrive_persons.birthday IS 'Date of birth, where contact sync is on.';
COMMENT ON COLUMN pipedrive_persons.job_title IS 'Job title, where contact sync is on.';
COMMENT ON COLUMN pipedrive_persons.next_activity_id IS 'The next activity that is planned for the person.';
COMMENT ON COLUMN pipedrive_persons.last_activity_id IS 'The last activity of the person that is done.';
COMMENT ON COLUMN pipedrive_persons.open_deals_count IS 'Number of open deals of the person.';
COMMENT ON COLUMN pipedrive_persons.related_open_deals_count IS 'Number of open deals related to the person.';
COMMENT ON COLUMN pipedrive_persons.closed_deals_count IS 'Number of closed deals of the person.';
COMMENT ON COLUMN pipedrive_persons.related_closed_deals_count IS 'Number of closed deals related to the person.';
COMMENT ON COLUMN pipedrive_persons.participant_open_deals_count IS 'Number of open deals in which the person takes part.';
COMMENT ON COLUMN pipedrive_persons.participant_closed_deals_count IS 'Number of closed deals in which the person takes part.';
COMMENT ON COLUMN pipedrive_persons.email_messages_count IS 'Number of e-mail messages of the person.';
COMMENT ON COLUMN pipedrive_persons.activities_count IS 'Number of activities of the person.';
COMMENT ON COLUMN pipedrive_persons.done_activities_count IS 'Number of activities of the person that are done.';
COMMENT ON COLUMN pipedrive_persons.undone_activities_count IS 'Number of activities of the person that are not done.';
COMMENT ON COLUMN pipedrive_persons.files_count IS 'Number of files of the person.';
COMMENT ON COLUMN pipedrive_persons.notes_count IS 'Number of notes of the person.';
COMMENT ON COLUMN pipedrive_persons.followers_count IS 'Number of users who follow the person.';
COMMENT ON COLUMN pipedrive_persons.won_deals_count IS 'Number of won deals of the person.';
COMMENT ON COLUMN pipedrive_persons.related_won_deals_count IS 'Number of won deals related to the person.';
COMMENT ON COLUMN pipedrive_persons.lost_deals_count IS 'Number of lost deals of the person.';
COMMENT ON COLUMN pipedrive_persons.related_lost_deals_count IS 'Number of lost deals related to the person.';
COMMENT ON COLUMN pipedrive_persons.last_incoming_mail_time IS 'When the last e-mail from the person came in.';
COMMENT ON COLUMN pipedrive_persons.last_outgoing_mail_time IS 'When the last e-mail to the person went out.';
COMMENT ON COLUMN pipedrive_persons.marketing_status IS 'Consent to marketing, where the account has the marketing app.';
COMMENT ON COLUMN pipedrive_persons.doi_status IS 'State of the double opt-in, where the account has the marketing app.';
COMMENT ON COLUMN pipedrive_persons.custom_fields IS 'Custom fields as Pipedrive sends them: an object keyed by the 40-character hash of each field.';

COMMENT ON TABLE pipedrive_pipelines IS 'Sales pipelines. https://developers.pipedrive.com/docs/api/v1/Pipelines#getPipelines';
COMMENT ON COLUMN pipedrive_pipelines._cq_id IS 'Internal CQ ID of the row';
COMMENT ON COLUMN pipedrive_pipelines._cq_parent_id IS 'Internal CQ ID of the parent row';
COMMENT ON COLUMN pipedrive_pipelines.account_id IS 'The account that the record belongs to: Pipedrive''s company id.';
COMMENT ON COLUMN pipedrive_pipelines.id IS 'The pipeline''s id.';
COMMENT ON COLUMN pipedrive_pipelines.name IS 'Name.';
COMMENT ON COLUMN pipedrive_pipelines.url_title IS 'Name in the form of a URL. API v2 does not have it.';
COMMENT ON COLUMN pipedrive_pipelines.order_nr IS 'Position among the pipelines.';
COMMENT ON COLUMN pipedrive_pipelines.active IS 'Whether the pipeline is in use, that is, not deleted.';
COMMENT ON COLUMN pipedrive_pipelines.deal_probability IS 'Whether deals have a probability of their own.';
COMMENT ON COLUMN pipedrive_pipelines.add_time IS 'When the pipeline was created.';
COMMENT ON COLUMN pipedrive_pipelines.update_time IS 'When the pipeline was last changed.';
COMMENT ON COLUMN pipedrive_pipelines.selected IS 'Whether it is the pipeline that opens first. API v2 does not have it.';

COMMENT ON TABLE pipedrive_stages IS 'Stages of the pipelines. https://developers.pipedrive.com/docs/api/v1/Stages#getStages';
COMMENT ON COLUMN pipedrive_stages._cq_id IS 'Internal CQ ID of the row';
COMMENT ON COLUMN pipedrive_stages._cq_parent_id IS 'Internal CQ ID of the parent row';
COMMENT ON COLUMN pipedrive_stages.account_id IS 'The account that the record belongs to: Pipedrive''s company id.';
COMMENT ON COLUMN pipedrive_stages.id IS 'The stage''s id.';
COMMENT ON COLUMN pipedrive_stages.order_nr IS 'Position in the pipeline.';
COMMENT ON COLUMN pipedrive_stages.name IS 'Name.';
COMMENT ON COLUMN pipedrive_stages.active_flag IS 'Whether the stage is in use, that is, not deleted.';
COMMENT ON COLUMN pipedrive_stages.deal_probability IS 'Probability of winning a deal in this stage, in percent.';
COMMENT ON COLUMN pipedrive_stages.pipeline_id IS 'The pipeline that the stage belongs to.';
COMMENT ON COLUMN pipedrive_stages.rotten_flag IS 'Whether deals can rot in this stage.';
COMMENT ON COLUMN pipedrive_stages.rotten_days IS 'Days without activity after which a deal rots.';
COMMENT ON COLUMN pipedrive_stages.add_time IS 'When the stage was created.';
COMMENT ON COLUMN pipedrive_stages.update_time IS 'When the stage was last changed.';
COMMENT ON COLUMN pipedrive_stages.pipeline_name IS 'Name of the pipeline.';

COMMENT ON TABLE pipedrive_syncs IS 'Runs of this plugin, one row for each account: how they ended, what they read, and what that cost. Earlier runs stay where the source has backend_options; there the rows of failed runs come with the next one that ends well.';
COMMENT ON COLUMN pipedrive_syncs._cq_id IS 'Internal CQ ID of the row';
COMMENT ON COLUMN pipedrive_syncs._cq_parent_id IS 'Internal CQ ID of the parent row';
COMMENT ON COLUMN pipedrive_syncs.account_id IS 'The account that the record belongs to: Pipedrive''s company id.';
COMMENT ON COLUMN pipedrive_syncs.started_at IS 'When the run began, by the clock of the machine that it ran on.';
COMMENT ON COLUMN pipedrive_syncs.ended_at IS 'When it had read everything, or failed.';
COMMENT ON COLUMN pipedrive_syncs.status IS 'complete, partial where the budget of API tokens ended the run before all tables were read, or failed.';
COMMENT ON COLUMN pipedrive_syncs.reason IS 'Why the run is partial or failed; NULL for a complete one.';
COMMENT ON COLUMN pipedrive_syncs.unfinished_tables IS 'The tables that were not read to their ends: a list of their names; NULL where all were. After a failed run no table is complete.';
COMMENT ON COLUMN pipedrive_syncs.verified_at IS 'When it had seen which rows of earlier runs the destination has; NULL where it could not see that of all tables, does not read missing rows again, or read all from the beginning, as the first one does.';
COMMENT ON COLUMN pipedrive_syncs.repaired_rows IS 'Rows of earlier runs that were missing at the destination and that it reads again, at least; 0 for none, NULL where verified_at is NULL and none is known to be missing.';
COMMENT ON COLUMN pipedrive_syncs.api_version IS 'The API that it read: v2, v1 or export.';
COMMENT ON COLUMN pipedrive_syncs.tables IS 'The tables that it was asked for: a list of their names.';
COMMENT ON COLUMN pipedrive_syncs.rows IS 'Rows that it sent for the account.';
COMMENT ON COLUMN pipedrive_syncs.requests IS 'Requests that it made to the account, repeated ones included.';
COMMENT ON COLUMN pipedrive_syncs.api_tokens IS 'API tokens that these cost.';
COMMENT ON COLUMN pipedrive_syncs.retries IS 'Requests among them that repeated one that had failed.';

-- The columns of custom fields are described by the names and types that the fields have at Pipedrive.
DO $$
DECLARE
  field record;
BEGIN
  FOR field IN
    SELECT a.attrelid::regclass AS table_name, a.attname AS column_name,
           string_agg(DISTINCT concat_ws(': ', f.field_name, nullif(f.description, '')) || ' (' || f.field_type || ')', '; ') AS text
    FROM pipedrive_fields f
    JOIN pg_attribute a ON a.attrelid = to_regclass(f.table_name) AND NOT a.attisdropped
      AND starts_with(a.attname || '_', f.column_name || '_') -- the column itself, or one of a part of the value
    WHERE f.is_custom_field AND starts_with(f.column_name, 'cf_')
      AND NOT EXISTS ( -- cf_size_2 is a column of its own and no part of cf_size
        SELECT FROM pipedrive_fields longer
        WHERE longer.table_name = f.table_name AND length(longer.column_name) > length(f.column_name)
          AND starts_with(a.attname || '_', longer.column_name || '_'))
    GROUP BY 1, 2
  LOOP
    EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', field.table_name, field.column_name, field.text);
  END LOOP;
END
$$;
