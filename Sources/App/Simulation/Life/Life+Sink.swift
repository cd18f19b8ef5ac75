import Consensus
import Model
import Shard
import Sink

// The sink of each node, by the rules of the node's `SinkWorker`: a thread that learns late who leads what, fetches what changed,
// and asks the database one thing at a time.
extension Life {
    /// Until the sink's thread hears of news.
    private static let newsDelay: ClosedRange<Microseconds> = 0...3_000
    /// Until a session is tried for again.
    private static let reconnectDelay: ClosedRange<Microseconds> = .milliseconds(5)...(.milliseconds(150))
    /// Between deciding what to send and reading the rows, where that takes time.
    private static let readDelay: ClosedRange<Microseconds> = 0...20_000
    /// What comes within this time shares a transaction.
    private static let gatherDelay: ClosedRange<Microseconds> = 0...20_000

    func makeShard(_ group: Int) -> SimulatedShard {
        SimulatedShard(
            group: group, tap: plan.sink.map { SimulatedTap($0, sinkBugs, isCoarse: bugs.contains(.coarseTombstones)) },
            keepsFeed: bugs.contains(.keepFeedOverSnapshot))
    }

    private var sinkTime: Int64 { now / 1_000 }

    private func sinkRoll() -> Double { Double(databaseRandom.next() >> 11) * 0x1p-53 }

    // MARK: News

    /// The replica has applied something, or an office ended.
    func tellSink(_ node: SimulatedNode, _ group: Int) {
        guard plan.sink != nil else { return }
        let term = node.replicas[group].shard?.office.sinkTerm(early: bugs.contains(.sendBeforeOldEntries))
        let isNews = term != nil || node.sink.led.contains(group)
        guard isNews, node.sink.news.insert(group).inserted else { return }
        wakeSink(node, after: databaseRandom.duration(in: Self.newsDelay))
    }

    private func wakeSink(_ node: SimulatedNode, after delay: Microseconds) {
        let time = now + delay
        guard node.sink.call == nil, time < node.sink.wakeAt else { return }
        node.sink.wakeAt = time
        queue.schedule(.sinkTurn(node: node.position, life: node.life), at: time)
    }

    private func heedNews(_ node: SimulatedNode) {
        for group in node.sink.news.sorted() {
            guard let shard = node.replicas[group].shard else { continue }
            guard let term = shard.office.sinkTerm(early: bugs.contains(.sendBeforeOldEntries)) else {
                node.sink.led.remove(group)
                node.sink.coordinator.follows(group)
                continue
            }
            node.sink.led.insert(group)
            let state = shard.shard.state
            node.sink.coordinator.leads(
                group, term: term, appliedIndex: state.appliedIndex, auditSequence: state.auditSequence, at: sinkTime)
        }
        node.sink.news = []
    }

    // MARK: Turns

    func sinkTurn(_ node: SimulatedNode) {
        // One that was set before an earlier one came is void.
        guard now >= node.sink.wakeAt, node.sink.call == nil else { return }
        node.sink.wakeAt = .max
        heedNews(node)
        node.sink.coordinator.timePassed(at: sinkTime)
        guard node.sink.coordinator.wantsSession else {
            guard !node.sink.led.isEmpty else { return }
            return wakeSink(node, after: max(0, node.sink.coordinator.nextDeadline * 1_000 - now))
        }
        if !node.sink.isConnected {
            guard !database.isAway else {
                return wakeSink(node, after: databaseRandom.duration(in: Self.reconnectDelay))
            }
            node.sink.isConnected = true
            node.sink.coordinator.connected(at: sinkTime)
        }
        let terms = node.sink.coordinator.raises
        if terms.isEmpty {
            prepare(node)
        } else {
            ask(.raise(terms), node)
        }
    }

    /// Decides what the next transaction is to hold.
    private func prepare(_ node: SimulatedNode) {
        guard let sink = plan.sink else { return }
        var portions: [(part: SinkPart, portion: SinkFeed.Portion)] = []
        var budget = sink.batchMax
        for (group, progress) in node.sink.coordinator.takeTurn() where budget > 0 {
            guard let shard = node.replicas[group].shard else { continue }
            let history = SimulatedHistory(
                shard: shard, leadsEarly: bugs.contains(.sendBeforeOldEntries),
                isUnreadable: databaseRandom.chance(perMillion: 2_000), audit: sinkTruth.audit(of: group))
            do {
                guard
                    let portion = try node.sink.coordinator.portion(
                        of: group, after: progress, limit: budget, from: history)
                else { continue }
                var next = progress
                next.appliedIndex = portion.appliedIndex
                next.auditSequence = portion.auditSequence
                budget -= portion.changes.count + portion.audit.count
                portions.append((SinkPart(shard: group, before: progress, after: next), portion))
            } catch {
                node.sink.coordinator.unreadable(group, after: progress, at: sinkTime, random: sinkRoll())
                return wakeSink(node, after: 0)
            }
        }
        guard !portions.isEmpty else { return wakeSink(node, after: databaseRandom.duration(in: Self.newsDelay)) }
        node.sink.call = SimulatedSink.Call(number: nextQuestion(), question: nil, portions: portions)
        guard databaseRandom.chance(percent: sink.readsLatePercent) else { return readRows(node) }
        queue.schedule(
            .sinkReads(node: node.position, life: node.life, call: sinkQuestionCount),
            after: databaseRandom.duration(in: Self.readDelay))
    }

    func sinkReads(_ node: SimulatedNode, _ number: Int) {
        guard node.sink.call?.number == number else { return }
        readRows(node)
    }

    /// Reads the rows of what is to be sent, as they are now.
    private func readRows(_ node: SimulatedNode) {
        var transaction = SimulatedTransaction()
        for (part, portion) in node.sink.call?.portions ?? [] {
            transaction.parts.append(part)
            guard let shard = node.replicas[part.shard].shard?.shard.state else { continue }
            for change in portion.lastChanges {
                guard let key = SimulatedShard.ids.firstIndex(of: change.id) else { continue }
                let row = shard.rows[change.id].flatMap(Self.row)
                transaction.changes.append(
                    SimulatedTransaction.Change(
                        group: part.shard, key: key, row: row, changedIndex: row?.changedIndex ?? change.index,
                        asOf: shard.appliedIndex))
            }
            for entry in portion.audit {
                transaction.audit.append(
                    SimulatedTransaction.Audit(
                        group: part.shard, sequence: entry.sequence, fingerprint: SinkTruth.fingerprint(entry)))
            }
        }
        if bugs.contains(.reuseTransaction), let failed = node.sink.failed,
            failed.parts.map(\.shard) == transaction.parts.map(\.shard)
        {
            transaction.changes = failed.changes
            transaction.audit = failed.audit
        }
        ask(.send(transaction), node)
    }

    private static func row(_ bytes: [UInt8]) -> SimulatedDatabase.Row? {
        let index = try? RecordCodec.changedIndex(of: bytes)
        return index.map { SimulatedDatabase.Row(changedIndex: $0, fingerprint: SinkTruth.fingerprint(bytes)) }
    }

    // MARK: Questions and answers

    private func nextQuestion() -> Int {
        sinkQuestionCount += 1
        return sinkQuestionCount
    }

    private func ask(_ question: SimulatedSink.Question, _ node: SimulatedNode) {
        guard let sink = plan.sink else { return }
        let number = node.sink.call?.number ?? nextQuestion()
        node.sink.call = SimulatedSink.Call(number: number, question: question)
        guard node.sink.isConnected else {
            // The session ended while the rows were read.
            return answer(.failed(.unavailable, isAboutContents: false), to: number, node.position, node.life, after: 0)
        }
        sinkQuestions[number] = SinkQuestion(
            node: node.position, life: node.life, server: database.server, askedAt: now, question: question)
        let delay = databaseDelay()
        queue.schedule(.databaseHears(number), after: delay)
        guard delay >= sink.answerTimeout else { return }
        sinkQuestions[number]?.isAbandoned = true
        answer(
            .failed(.outcomeUnknown, isAboutContents: false), to: number, node.position, node.life,
            after: sink.answerTimeout)
    }

    func answer(
        _ answer: SimulatedSink.Answer, to number: Int, _ node: Int, _ life: Int, after delay: Microseconds
    ) {
        queue.schedule(.sinkHears(node: node, life: life, call: number, answer), after: delay)
    }

    func sinkHears(_ node: SimulatedNode, _ number: Int, _ answer: SimulatedSink.Answer) {
        guard let call = node.sink.call, call.number == number, let question = call.question else { return }
        node.sink.call = nil
        if case .failed(.outcomeUnknown, _) = answer {
            node.sink.isConnected = false
            tally.lostAnswers += 1
        }
        switch question {
        case .raise(let terms): raised(terms, answer, node)
        case .send(let transaction): sent(transaction, answer, node)
        }
    }

    private func raised(_ terms: [(group: Int, term: UInt64)], _ answer: SimulatedSink.Answer, _ node: SimulatedNode) {
        // What was applied meanwhile may be in the database already.
        heedNews(node)
        let result: Result<[SinkProgress], SinkFailure>
        switch answer {
        case .raised(var found):
            for (position, (group, term)) in terms.enumerated() {
                trace.note(
                    .sinkBegins, at: now, place: node.position, group: group, found[position].term,
                    found[position].appliedIndex, found[position].auditSequence)
                if bugs.contains(.trustMemory), let memory = node.sink.memory[group], memory.term == term {
                    found[position].appliedIndex = memory.appliedIndex
                    found[position].auditSequence = memory.auditSequence
                }
            }
            result = .success(found)
        case .failed(let failure, _):
            trace.note(.sinkFails, at: now, place: node.position, 0)
            result = .failure(failure)
        case .committed: preconditionFailure("terms were raised, not sent")
        }
        _ = node.sink.coordinator.raised(terms, result, at: sinkTime, random: sinkRoll)
        wakeSink(node, after: 0)
    }

    private func sent(_ transaction: SimulatedTransaction, _ answer: SimulatedSink.Answer, _ node: SimulatedNode) {
        var pause: Microseconds = 0
        node.sink.failed = nil
        switch answer {
        case .committed:
            for part in transaction.parts {
                trace.note(
                    .sinkAdvanced, at: now, place: node.position, group: part.shard, part.after.appliedIndex,
                    part.after.auditSequence, part.before.appliedIndex)
                node.replicas[part.shard].shard?.tap?.sent(part.after)
                node.sink.memory[part.shard] = part.after
            }
            _ = node.sink.coordinator.sent(transaction.parts, .success(()), at: sinkTime, random: sinkRoll)
            if transaction.changes.count + transaction.audit.count < plan.sink?.batchMax ?? 0 {
                pause = databaseRandom.duration(in: Self.gatherDelay)
            }
        case .failed(let failure, let isAboutContents):
            node.sink.failed = transaction
            if isAboutContents { _ = node.sink.coordinator.contentsRefused(transaction.parts.map(\.shard)) }
            for part in transaction.parts {
                trace.note(
                    failure == .outcomeUnknown ? .sinkFails : .sinkRefused, at: now, place: node.position,
                    group: part.shard, part.before.term, part.before.appliedIndex)
            }
            _ = node.sink.coordinator.sent(transaction.parts, .failure(failure), at: sinkTime, random: sinkRoll)
        case .raised: preconditionFailure("a transaction was sent, no terms were raised")
        }
        wakeSink(node, after: pause)
    }

    /// What the second phase must come to: the database has what the shard has; nil: it has.
    func missingInDatabase(_ group: Int, _ leader: SimulatedNode) -> String? {
        guard plan.sink != nil, plan.machines[group] == .shard else { return nil }
        return sinkTruth.missing(
            database.tables[group], group: group, appliedIndex: leader.replicas[group].appliedIndex)
    }
}
