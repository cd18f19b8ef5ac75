import Sink

// PostgreSQL: what it makes of questions, and what goes wrong with it and on the way there.
extension Life {
    func databaseDelay() -> Microseconds {
        let mean = plan.sink?.delayMean ?? 0
        if now < database.slowUntil { return databaseRandom.duration(in: mean...mean + .milliseconds(800)) }
        return databaseRandom.longTailed(mean: mean)
    }

    /// A question arrives; whoever asked may be gone.
    func databaseHears(_ number: Int) {
        guard let asked = sinkQuestions.removeValue(forKey: number), asked.server == database.server,
            let sink = plan.sink
        else { return }
        let result: SimulatedSink.Answer
        if database.isAway || database.isReadOnly {
            result = .failed(.unavailable, isAboutContents: false)
        } else {
            result = carryOut(asked.question)
        }
        guard !asked.isAbandoned else { return }
        let delay = databaseDelay()
        if now + delay >= asked.askedAt + sink.answerTimeout {
            answer(
                .failed(.outcomeUnknown, isAboutContents: false), to: number, asked.node, asked.life,
                after: asked.askedAt + sink.answerTimeout - now)
        } else {
            answer(result, to: number, asked.node, asked.life, after: delay)
        }
    }

    private func carryOut(_ question: SimulatedSink.Question) -> SimulatedSink.Answer {
        switch question {
        case .raise(let terms):
            return .raised(
                terms.map { database.raise($0.group, incarnation: SimulatedSink.incarnation, term: $0.term, bugs) })
        case .send(let transaction):
            if database.refusesContents, databaseRandom.chance(percent: 50) {
                return .failed(.unavailable, isAboutContents: true)
            }
            if bugs.contains(.progressBeforeRows) { return takeInTwo(transaction) }
            return take(transaction) ? .committed : .failed(.conflict, isAboutContents: false)
        }
    }

    /// Commits the transaction, or refuses it, and sees that nothing became of it that must not.
    private func take(_ transaction: SimulatedTransaction) -> Bool {
        let before = database.tables
        let isTaken = database.commit(transaction, bugs)
        if isTaken {
            tally.databaseCommits += 1
            if let problem = sinkTruth.problem(transaction, before, noted(transaction)) {
                ledger.report(problem.property, problem.group, now, problem.detail)
            }
        } else {
            tally.databaseRefusals += 1
            if database.tables != before {
                ledger.report(.databaseFence, transaction.parts[0].shard, now, "a transaction that is refused changes rows")
            }
        }
        return isTaken
    }

    /// The tables, now that the oracle has noted what the transaction wrote.
    private func noted(_ transaction: SimulatedTransaction) -> [SimulatedDatabase.Tables] {
        for change in transaction.changes {
            database.note(change.group, key: change.key, version: sinkTruth.version(of: change).index)
        }
        return database.tables
    }

    /// The planted bug: the progress first, and the rows if nothing comes between.
    private func takeInTwo(_ transaction: SimulatedTransaction) -> SimulatedSink.Answer {
        guard databaseRandom.chance(percent: 5) else {
            return take(transaction) ? .committed : .failed(.conflict, isAboutContents: false)
        }
        var first = SimulatedTransaction()
        first.parts = transaction.parts
        _ = take(first)
        return .failed(.outcomeUnknown, isAboutContents: false)
    }

    // MARK: Faults

    func scheduleDatabaseFault() {
        guard let sink = plan.sink else { return }
        queue.schedule(
            .databaseFault, after: databaseRandom.duration(in: sink.faultInterval / 4...sink.faultInterval * 2))
    }

    func databaseFault() {
        guard settlingSince == nil, let sink = plan.sink else { return }
        scheduleDatabaseFault()
        guard let fault = drawDatabaseFault(sink) else { return }
        tally.databaseFaults += 1
        trace.note(.databaseFault, at: now, place: -1, UInt64(fault.rawValue))
        cause(fault)
    }

    private func drawDatabaseFault(_ sink: SinkPlan) -> DatabaseFault? {
        let total = sink.faultWeights.values.reduce(0, +)
        guard total > 0 else { return nil }
        var draw = databaseRandom.below(total)
        for fault in DatabaseFault.allCases {
            draw -= sink.faultWeights[fault] ?? 0
            if draw < 0 { return fault }
        }
        return nil
    }

    private func cause(_ fault: DatabaseFault) {
        let short = databaseRandom.duration(in: .milliseconds(5)...(.milliseconds(150)))
        let long = databaseRandom.duration(in: .milliseconds(100)...(.milliseconds(2_000)))
        let duration = databaseRandom.chance(percent: 50) ? short : long
        switch fault {
        case .sessionEnds: sessionEnds(databaseRandom.element(of: nodes))
        case .allSessionsEnd: for node in nodes { sessionEnds(node) }
        case .outage:
            for node in nodes { sessionEnds(node) }
            isAway(for: duration)
        case .readOnly:
            database.isReadOnly = true
            mendDatabase(after: duration)
        case .refusal:
            database.refusesContents = true
            mendDatabase(after: duration)
        case .slowness:
            database.slowUntil = now + long
        case .restart:
            database.serverEnds()
            isReplaced(awayFor: duration)
        case .backUp: database.backsUp()
        case .restore:
            database.isRestored()
            isReplaced(awayFor: short)
        case .emptied:
            database.isEmptied()
            isReplaced(awayFor: short)
        case .promotion:
            database.isPromoted(without: databaseRandom.number(in: 0...5))
            isReplaced(awayFor: short)
        case .reset: database.isReset(databaseRandom.below(plan.groups))
        }
    }

    private func isAway(for duration: Microseconds) {
        database.isAway = true
        mendDatabase(after: duration)
    }

    private func mendDatabase(after duration: Microseconds) {
        databaseFaultNumber += 1
        queue.schedule(.databaseMends(number: databaseFaultNumber), after: duration)
    }

    private func isReplaced(awayFor duration: Microseconds) {
        for node in nodes { sessionEnds(node) }
        if databaseRandom.chance(percent: 50) { isAway(for: duration) }
    }

    /// What the node has under way is not answered: the server carries it out now, later or never.
    private func sessionEnds(_ node: SimulatedNode) {
        node.sink.isConnected = false
        guard let call = node.sink.call, call.question != nil else { return }
        if var asked = sinkQuestions[call.number] {
            asked.isAbandoned = true
            sinkQuestions[call.number] = asked
            switch databaseRandom.below(3) {
            case 0: break
            case 1: sinkQuestions[call.number] = nil
            default:
                sinkQuestions[call.number] = nil
                sinkQuestionCount += 1
                sinkQuestions[sinkQuestionCount] = asked
                queue.schedule(
                    .databaseHears(sinkQuestionCount),
                    after: databaseRandom.duration(in: .milliseconds(10)...(.milliseconds(1_500))))
            }
        }
        answer(.failed(.outcomeUnknown, isAboutContents: false), to: call.number, node.position, node.life, after: 0)
    }
}
