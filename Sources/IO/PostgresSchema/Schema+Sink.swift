extension Schema {
    /// The code of the error by which `advance` refuses: class VT is nobody's.
    package static let fencedState = "VT001"

    /// Version 5: how leaders take turns. A leader raises the term of its shard's row in `sink_progress` before it sends, and
    /// advances the row in the transaction of what it sends. Both lock the row, so that whoever reads it waits for what is under way.
    /// Rows change often, and mostly in columns without an index: with some room left in each page the indexes are left alone then.
    static let sinkFences: StaticString = """
        ALTER TABLE vtag.resources SET (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.05);
        ALTER TABLE vtag.virtual_tags SET (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.05);
        ALTER TABLE vtag.compliance_status SET (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.05);

        CREATE FUNCTION vtag.raise_term(p_shard integer, p_incarnation uuid, p_term bigint)
        RETURNS TABLE (incarnation uuid, term bigint, applied_index bigint, audit_sequence bigint)
        LANGUAGE plpgsql SET search_path = pg_catalog AS $body$
        #variable_conflict use_column
        DECLARE
            present vtag.sink_progress;
        BEGIN
            SELECT * INTO present FROM vtag.sink_progress s WHERE s.shard = p_shard FOR UPDATE;
            IF NOT FOUND THEN
                -- Of two clusters that find an empty database, one is the first for all shards.
                PERFORM pg_advisory_xact_lock(6220668758503981058);
                SELECT * INTO present FROM vtag.sink_progress s WHERE s.incarnation <> p_incarnation LIMIT 1;
                IF NOT FOUND THEN
                    INSERT INTO vtag.sink_progress (shard, incarnation, term, applied_index, audit_sequence)
                    VALUES (p_shard, p_incarnation, p_term, 0, 0) ON CONFLICT DO NOTHING;
                    SELECT * INTO present FROM vtag.sink_progress s WHERE s.shard = p_shard FOR UPDATE;
                END IF;
            END IF;
            IF present.incarnation = p_incarnation AND present.term < p_term THEN
                UPDATE vtag.sink_progress s SET term = p_term, updated_at = now() WHERE s.shard = p_shard;
                present.term := p_term;
            END IF;
            RETURN QUERY SELECT present.incarnation, present.term, present.applied_index, present.audit_sequence;
        END $body$;

        CREATE FUNCTION vtag.advance(
            p_shards integer[], p_incarnation uuid, p_terms bigint[], p_old_indexes bigint[], p_old_sequences bigint[],
            p_indexes bigint[], p_sequences bigint[]) RETURNS void
        LANGUAGE plpgsql SET search_path = pg_catalog AS $body$
        DECLARE
            place integer;
        BEGIN
            -- In the caller's order, which is that of the shards: two who want the same rows do not wait for each other in a circle.
            FOR place IN 1 .. cardinality(p_shards) LOOP
                UPDATE vtag.sink_progress s
                SET applied_index = p_indexes[place], audit_sequence = p_sequences[place], updated_at = now()
                WHERE s.shard = p_shards[place] AND s.incarnation = p_incarnation AND s.term = p_terms[place]
                    AND s.applied_index = p_old_indexes[place] AND s.audit_sequence = p_old_sequences[place];
                IF NOT FOUND THEN
                    RAISE EXCEPTION 'shard % is not where this leader left it', p_shards[place] USING ERRCODE = 'VT001';
                END IF;
            END LOOP;
        END $body$;

        COMMENT ON FUNCTION vtag.raise_term(integer, uuid, bigint)
            IS 'Called by a new leader: sets the term of the shard''s progress unless it is higher, and tells the progress';
        COMMENT ON FUNCTION vtag.advance(integer[], uuid, bigint[], bigint[], bigint[], bigint[], bigint[])
            IS 'Called in the transaction of what is sent: refused (VT001) where the progress is not what the leader knows';
        """
}
