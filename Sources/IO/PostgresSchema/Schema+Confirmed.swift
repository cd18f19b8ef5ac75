extension Schema {
    /// Version 8: until when each shard was all there. Rows tell when something changed last; that nothing changed since, only the
    /// shard's leader knows, which says so several times a second.
    static let confirmed: StaticString = """
        ALTER TABLE vtag.sink_progress ADD COLUMN confirmed_at timestamptz NOT NULL DEFAULT 'epoch';

        CREATE FUNCTION vtag.confirm(
            p_shards integer[], p_incarnation uuid, p_terms bigint[], p_indexes bigint[], p_at timestamptz) RETURNS void
        LANGUAGE sql SET search_path = pg_catalog AS $body$
            UPDATE vtag.sink_progress s SET confirmed_at = p_at
            FROM unnest(p_shards, p_terms, p_indexes) n (shard, term, applied_index)
            WHERE s.shard = n.shard AND s.incarnation = p_incarnation AND s.term = n.term
                AND s.applied_index = n.applied_index AND s.confirmed_at < p_at
        $body$;

        COMMENT ON COLUMN vtag.sink_progress.confirmed_at
            IS 'At this time, by the clock of the shard''s leader, the database had everything that the shard had applied';
        COMMENT ON FUNCTION vtag.confirm(integer[], uuid, bigint[], bigint[], timestamptz)
            IS 'Called by leaders: what the progress says is all that there was at that time; nothing where they lead no more';
        """
}
