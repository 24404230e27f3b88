package tables

import (
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

func tasks() *table.Table {
	return &table.Table{
		Records:     "tasks",
		Title:       "Tasks",
		Description: "Tasks of projects. They need the Projects add-on. https://developers.pipedrive.com/docs/api/v1/Tasks#getTasks",
		Gate:        projectsAddOn(),
		V2:          []pipedrive.Listing{projectsListing("/api/v2/tasks")},
		Columns: []table.Column{
			{Name: "id", Key: true, Type: table.Int, Description: "The task's id."},
			{Name: "title", Type: table.Text, Description: "Title."},
			{Name: "description", Type: table.Text, Description: "Description."},
			{Name: "project_id", Type: table.Int, Description: "The project that the task belongs to."},
			{Name: "parent_task_id", Type: table.Int, Description: "The parent task; NULL for none."},
			{Name: "creator_id", Type: table.Int, Description: "The user who created the task."},
			{Name: "assignee_ids", Type: table.JSON, Description: "Users who are to do the task: a list of ids.", Refers: "users.id"},
			{Name: "is_done", Type: table.Bool, Description: "Whether the task is done."},
			{Name: "is_milestone", Type: table.Bool, Description: "Whether the task is a milestone."},
			{Name: "priority", Type: table.Int, Description: "Priority, as a number."},
			{Name: "start_date", Type: table.Date, Description: "The day on which the task starts."},
			{Name: "due_date", Type: table.Date, Description: "The day on which the task is due."},
			{Name: "add_time", Type: table.Timestamp, Description: "When the task was created."},
			{Name: "update_time", Type: table.Timestamp, Description: "When the task was last changed."},
			{Name: "marked_as_done_time", Type: table.Timestamp, Description: "When the task was marked as done."},
		},
	}
}
