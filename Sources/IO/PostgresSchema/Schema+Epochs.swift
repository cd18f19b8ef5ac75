extension Schema {
    /// Version 9: each time that a leader raises its term, also the one that it has, an epoch begins, and what it sends names the
    /// epoch. A transaction that was lost on its way and arrives late is refused even where the progress has come back to what it
    /// was, as when somebody resets it to have a shard sent again. Epochs are of a sequence, so that none returns with a row that
    /// was deleted.
    static let sinkEpochs: StaticString = """
        CREATE SEQUENCE vtag.sink_epochs;
        ALTER TABLE vtag.sink_progress ADD COLUMN epoch bigint NOT NULL DEFAULT 0;

        DROP FUNCTION vtag.raise_term(integer, uuid, bigint);
        DROP FUNCTION vtag.advance(integer[], uuid, bigint[], bigint[], bigint[], bigint[], bigint[]);

        CREATE FUNCTION vtag.raise_term(p_shard integer, p_incarnation uuid, p_term bigint)
        RETURNS TABLE (incarnation uuid, term bigint, epoch bigint, applied_index bigint, audit_sequence bigint)
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
            -- Whoever is outranked ends nobody's epoch.
            IF present.incarnation = p_incarnation AND present.term <= p_term THEN
                UPDATE vtag.sink_progress s SET term = p_term, epoch = nextval('vtag.sink_epochs'),
                    updated_at = CASE WHEN s.term < p_term THEN now() ELSE s.updated_at END
                WHERE s.shard = p_shard RETURNING * INTO present;
            END IF;
            RETURN QUERY SELECT present.incarnation, present.term, present.epoch, present.applied_index, present.audit_sequence;
        END $body$;

        CREATE FUNCTION vtag.advance(
            p_shards integer[], p_incarnation uuid, p_terms bigint[], p_epochs bigint[], p_old_indexes bigint[],
            p_old_sequences bigint[], p_indexes bigint[], p_sequences bigint[]) RETURNS void
        LANGUAGE plpgsql SET search_path = pg_catalog AS $body$
        DECLARE
            place integer;
        BEGIN
            -- In the caller's order, which is that of the shards: two who want the same rows do not wait for each other in a circle.
            FOR place IN 1 .. cardinality(p_shards) LOOP
                UPDATE vtag.sink_progress s
                SET applied_index = p_indexes[place], audit_sequence = p_sequences[place], updated_at = now()
                WHERE s.shard = p_shards[place] AND s.incarnation = p_incarnation AND s.term = p_terms[place]
                    AND s.epoch = p_epochs[place] AND s.applied_index = p_old_indexes[place]
                    AND s.audit_sequence = p_old_sequences[place];
                IF NOT FOUND THEN
                    RAISE EXCEPTION 'shard % is not where this leader left it', p_shards[place] USING ERRCODE = 'VT001';
                END IF;
            END LOOP;
        END $body$;

        COMMENT ON COLUMN vtag.sink_progress.epoch
            IS 'Another one each time that a leader looks where the database is: what was sent before that is refused';
        COMMENT ON FUNCTION vtag.raise_term(integer, uuid, bigint)
            IS 'Called by a leader before it sends: sets the term of the shard''s progress unless it is higher, begins an epoch, tells all';
        COMMENT ON FUNCTION vtag.advance(integer[], uuid, bigint[], bigint[], bigint[], bigint[], bigint[], bigint[])
            IS 'Called in the transaction of what is sent: refused (VT001) where the progress is not what the leader knows';
        """
}
