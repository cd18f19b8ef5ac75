package import Model

extension TagDefinition {
    /// The definition with what the proposal proposes; itself where it has that already.
    package func accepting(_ proposal: AliasProposal) -> TagDefinition {
        var new = self
        switch proposal.kind {
        case .key:
            if !new.aliases.contains(proposal.alias) { new.aliases.append(proposal.alias) }
        case .value:
            let value = proposal.value ?? ""
            let position = new.valueAliases.firstIndex { $0.value == value } ?? new.valueAliases.count
            let known = position < new.valueAliases.count ? new.valueAliases[position].aliases : []
            guard !known.contains(proposal.alias) else { return self }
            let group = ValueAliases(value: value, aliases: known + [proposal.alias])
            if position < new.valueAliases.count {
                new.valueAliases[position] = group
            } else {
                new.valueAliases.append(group)
            }
        }
        return new
    }

    /// Whether one of the aliases is what the proposal with this id proposes.
    package func hasAccepted(_ proposal: UUID128) -> Bool {
        aliases.contains { AliasProposal.id(.key, tagKey: tagKey, value: nil, alias: $0) == proposal }
            || valueAliases.contains { group in
                group.aliases.contains {
                    AliasProposal.id(.value, tagKey: tagKey, value: group.value, alias: $0) == proposal
                }
            }
    }
}
