"""Syncs Pipedrive every four hours, a task for each shard. For Airflow 3.

The workers have the programs cloudquery and cq-source-pipedrive, and the folder config of these schedules.
"""

from datetime import datetime, timedelta, timezone

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

CONFIG = "/opt/airflow/dags/config"
DESTINATION = "snowflake"  # or postgresql, bigquery
SHARDS = 2

with DAG(
    dag_id="pipedrive_sync",
    schedule="17 */4 * * *",
    start_date=datetime(2026, 1, 1, tzinfo=timezone.utc),
    catchup=False,  # a run reads all changes since the last one, however long ago
    max_active_runs=1,  # two concurrent runs would share the account's limits
    max_active_tasks=1,  # see README.md before you raise it
    dagrun_timeout=timedelta(hours=4),
    default_args={
        "retries": 2,
        "retry_delay": timedelta(minutes=5),
        "execution_timeout": timedelta(hours=3),
    },
) as dag:
    for shard in range(1, SHARDS + 1):
        BashOperator(
            task_id=f"shard_{shard}",
            bash_command=f"sh {CONFIG}/sync.sh {DESTINATION} {shard}/{SHARDS}",
            append_env=True,
            env={
                "PIPEDRIVE_PLUGIN_REGISTRY": "local",
                "PIPEDRIVE_PLUGIN": "/usr/local/bin/cq-source-pipedrive",
                "PIPEDRIVE_API_TOKEN": "{{ var.value.pipedrive_api_token }}",
                "CLOUDQUERY_API_KEY": "{{ var.value.cloudquery_api_key }}",
                # the variable of config/snowflake.yml
                "SNOWFLAKE_CONNECTION_STRING": "{{ var.value.snowflake_connection_string }}",
            },
        )
