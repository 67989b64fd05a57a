-- Our own part of schema queue, run by core.db.queue with queue as the search_path; repeatable.

create table if not exists place (
    worker_id bigint primary key references procrastinate_workers(id) on delete cascade,
    lane text not null,
    host text not null,
    process integer not null,
    slots integer not null,
    started_at timestamptz not null default now()
);
create table if not exists due (kind text primary key, due_at timestamptz not null);
create index if not exists jobs_turn on procrastinate_jobs (queue_name, priority desc, id)
    where status = 'todo';
create index if not exists jobs_tenant on procrastinate_jobs
    (((args->>'tenant')::bigint), queue_name, priority) where status = 'todo';
create index if not exists jobs_failed on procrastinate_jobs (lock) where status = 'failed';

-- Who inserts for a tenant must be that tenant; the owner (worker, operator) may insert for all.
create or replace function check_tenant() returns trigger language plpgsql security definer
set search_path = queue, pg_temp as $$
begin
    if current_setting('role') = 'none' and pg_has_role(session_user, (
        select nspowner from pg_namespace where nspname = 'queue'), 'usage')
    then
        return new;
    end if;
    if not exists (
        select from platform.tenant
        where id = (new.args->>'tenant')::bigint and role = current_setting('role')
    ) then
        raise insufficient_privilege using message = 'a job may be enqueued for one''s own tenant only';
    end if;
    return new;
end $$;
create or replace trigger check_tenant before insert or update of args on procrastinate_jobs
    for each row execute function check_tenant();

-- The turn of a job is counted in rounds of its lane: behind what its tenant has waiting, and not
-- before the round that is being served. So a tenant with two hundred jobs and one with a single job
-- take turns, and a newcomer never overtakes for ever.
create or replace function enqueue(_kind text, _lane text, _job bigint, _at timestamptz)
returns bigint language plpgsql security definer set search_path = queue, pg_temp as $$
declare
    _tenant bigint;
    _turn integer;
    _made bigint;
begin
    select id into _tenant from platform.tenant where role = current_setting('role');
    if _tenant is null then
        raise insufficient_privilege using message = 'only a tenant''s role may enqueue';
    end if;
    if _lane not in ('default', 'bulk') then
        raise check_violation using message = format('there is no lane %L', _lane);
    end if;
    delete from procrastinate_jobs where status = 'failed' and lock = _tenant || ':' || _job;
    select greatest(
        coalesce((select -priority from procrastinate_jobs
            where status = 'todo' and queue_name = _lane
                and (scheduled_at is null or scheduled_at <= now())
            order by priority desc limit 1), 0),
        coalesce((select 1 - priority from procrastinate_jobs
            where status = 'todo' and queue_name = _lane and (args->>'tenant')::bigint = _tenant
                and (scheduled_at is null or scheduled_at <= now())
            order by priority limit 1), 0)
    ) into _turn;
    insert into procrastinate_jobs (queue_name, task_name, priority, lock, args, scheduled_at)
    values (
        _lane, 'guanxi', -_turn, _tenant || ':' || _job,
        jsonb_build_object('tenant', _tenant, 'job', _job, 'kind', _kind), _at
    )
    returning id into _made;
    return _made;
end $$;

-- What a tenant's administrators change about its fields counts with the next request of every process:
-- the version of the tenant is raised in the transaction of the change, by the tenant's own role.
create or replace function customised() returns bigint language sql security definer
set search_path = platform, pg_temp as $$
    update tenant set version = version + 1 where role = current_setting('role') returning version
$$;

-- The next job of a lane. A tenant never holds more than `_limit` of a worker's slots.
create or replace function take(_lane text, _worker bigint, _limit integer)
returns setof procrastinate_jobs language sql set search_path = queue, pg_temp as $$
    update procrastinate_jobs set status = 'doing', worker_id = _worker
    where id = (
        select job.id from procrastinate_jobs job
        where job.status = 'todo' and job.queue_name = _lane
            and (job.scheduled_at is null or job.scheduled_at <= now())
            and not exists (
                select from procrastinate_jobs twin where twin.status = 'doing' and twin.lock = job.lock
            )
            and (job.args->>'tenant' is null or (job.args->>'tenant')::bigint <> all (array(
                select (args->>'tenant')::bigint from procrastinate_jobs
                where status = 'doing' and worker_id = _worker and args->>'tenant' is not null
                group by 1 having count(*) >= _limit
            )))
        order by job.priority desc, job.id
        limit 1
        for update of job skip locked
    )
    returning *
$$;

-- Jobs of workers that give no sign of life wait again; gives how many.
create or replace function sweep(_seconds double precision) returns integer language plpgsql
set search_path = queue, pg_temp as $$
declare
    _job bigint;
    _count integer := 0;
begin
    delete from procrastinate_workers where last_heartbeat < now() - make_interval(secs => _seconds);
    for _job in
        select id from procrastinate_jobs where status = 'doing' and worker_id is null
        for update skip locked
    loop
        perform procrastinate_retry_job_v2(_job, now(), null, null, null);
        _count := _count + 1;
    end loop;
    return _count;
end $$;

-- What becomes of a job after its run: over (it goes away), parked (it stays), or again at a time.
-- False where the job was given to another worker meanwhile: then it is that one's to say.
create or replace function settle(_id bigint, _worker bigint, _ending text, _at timestamptz)
returns boolean language plpgsql set search_path = queue, pg_temp as $$
begin
    perform from procrastinate_jobs
    where id = _id and status = 'doing' and worker_id is not distinct from _worker for update;
    if not found then
        return false;
    end if;
    case _ending
        when 'over' then perform procrastinate_finish_job_v1(_id, 'succeeded', true);
        when 'parked' then perform procrastinate_finish_job_v1(_id, 'failed', false);
        when 'again' then
            perform procrastinate_retry_job_v2(_id, coalesce(_at, now()), null, null, null);
            update procrastinate_jobs set worker_id = null where id = _id;
    end case;
    return true;
end $$;

-- A periodic job is due. Of all schedulers that notice, one is told true, and what tells the tenants
-- is in the queue. A kind nobody has seen before begins with its next due time.
create or replace function fall_due(_kind text, _due timestamptz) returns boolean language plpgsql
set search_path = queue, pg_temp as $$
begin
    insert into due (kind, due_at) values (_kind, _due) on conflict do nothing;
    if found then
        return false;
    end if;
    update due set due_at = _due where kind = _kind and due_at < _due;
    if not found then
        return false;
    end if;
    insert into procrastinate_jobs (queue_name, task_name, priority, lock, args)
    values ('default', 'guanxi', 1, 'due:' || _kind || ':' || extract(epoch from _due),
        jsonb_build_object('kind', _kind, 'due', _due));
    return true;
end $$;

-- Counts for the platform's page and the doctor; what the jobs are about stays with their tenants.
create or replace function overview() returns table (
    tenant bigint, lane text, waiting bigint, running bigint, parked bigint, oldest timestamptz
) language sql security definer set search_path = queue, pg_temp as $$
    select (job.args->>'tenant')::bigint, job.queue_name,
        count(*) filter (where job.status = 'todo'), count(*) filter (where job.status = 'doing'),
        count(*) filter (where job.status = 'failed'),
        min(coalesce(job.scheduled_at, made.at)) filter (where job.status = 'todo')
    from procrastinate_jobs job
    left join lateral (select min(at) as at from procrastinate_events where job_id = job.id) made on true
    group by 1, 2 order by 1, 2
$$;
create or replace function workers(_seconds double precision) returns table (
    id bigint, lane text, host text, process integer, slots integer, running bigint,
    started_at timestamptz, seen_at timestamptz, alive boolean
) language sql security definer set search_path = queue, pg_temp as $$
    select worker.id, place.lane, place.host, place.process, place.slots,
        (select count(*) from procrastinate_jobs job
            where job.status = 'doing' and job.worker_id = worker.id),
        place.started_at, worker.last_heartbeat,
        worker.last_heartbeat > now() - make_interval(secs => _seconds)
    from procrastinate_workers worker join place on place.worker_id = worker.id order by worker.id
$$;

revoke all on all functions in schema queue from public;
revoke all on all tables in schema queue from public;
