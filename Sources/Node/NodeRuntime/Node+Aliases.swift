import Model
import NIOCore
package import Shard
package import TaggingRules

extension Node {
    /// What the tags of the whole inventory propose as aliases, the likeliest first. Two walks over all shards, in slices.
    package func learnAliases(
        under catalog: Catalog, in walk: Walk, _ consistency: ReadConsistency = .linearizable
    ) async throws -> [AliasProposal] {
        let parts = try await foldShards(TagCensus(), in: walk, consistency) { census, row in
            census.add(row.id, try RecordCodec.tags(of: row.bytes))
        }
        let learner = AliasLearner(parts.reduce(into: TagCensus()) { $0 += $1 }, definitions: catalog.definitions)
        let keys = learner.keyProposals()
        let pairs = PairCensus(keys.map { .init(alias: $0.alias, key: $0.tagKey) })
        let counts = try await foldShards(pairs, in: walk, consistency) { pairs, row in
            pairs.add(try RecordCodec.tags(of: row.bytes))
        }
        return learner.ordered(learner.settled(keys, counts.reduce(into: pairs) { $0 += $1 }) + learner.valueProposals())
    }
}
