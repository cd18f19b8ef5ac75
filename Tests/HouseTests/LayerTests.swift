import Foundation
import Testing

/// The house as its sources show it: which layer a module is in, and what each file imports.
@Suite("The house")
struct LayerTests {
    /// A layer imports only itself and layers listed before it.
    static let layers = ["System", "Model", "Engine", "Protocol", "IO", "Node", "App"]
    static let pure: Set = ["Model", "Engine", "Protocol"]
    /// Imports that would bring sockets, clocks, files or threads into a pure layer.
    static let impure: Set = [
        "Foundation", "FoundationNetworking", "Glibc", "Dispatch", "NIOCore", "NIOPosix", "NIO", "Logging", "GRDB",
        "Synchronization",
    ]

    struct SourceFile {
        let path: String
        let layer: String
        let module: String
        let text: String

        var imports: [String] {
            text.split(separator: "\n").compactMap { line in
                let words = line.split(separator: " ")
                guard let position = words.firstIndex(of: "import"), position + 1 < words.count,
                    words[..<position].allSatisfy({ Self.modifiers.contains(String($0)) })
                else { return nil }
                return String(words[position + 1].split(separator: ".")[0])
            }
        }

        private static let modifiers: Set = [
            "package", "internal", "private", "fileprivate", "public", "@testable", "@preconcurrency",
        ]
    }

    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    static func sources() throws -> [SourceFile] {
        let base = root.appending(path: "Sources")
        let walker = try #require(FileManager.default.enumerator(at: base, includingPropertiesForKeys: nil))
        var files: [SourceFile] = []
        for case let url as URL in walker where url.pathExtension == "swift" {
            let parts = url.path.dropFirst(base.path.count + 1).split(separator: "/").map(String.init)
            files.append(
                SourceFile(
                    path: parts.joined(separator: "/"), layer: parts[0], module: parts[1],
                    text: try String(contentsOf: url, encoding: .utf8)))
        }
        return files
    }

    @Test("A layer imports only itself and the layers before it")
    func layersImportDownwards() throws {
        let files = try Self.sources()
        let layerOfModule = Dictionary(files.map { ($0.module, $0.layer) }, uniquingKeysWith: { first, _ in first })
        #expect(files.count > 50, "the walk found too few files to mean anything")
        for file in files {
            let own = try #require(Self.layers.firstIndex(of: file.layer), "\(file.path) is in no layer")
            for name in file.imports {
                guard let layer = layerOfModule[name], let other = Self.layers.firstIndex(of: layer) else { continue }
                #expect(other <= own, "\(file.path) (\(file.layer)) imports \(name), which is in \(layer)")
            }
        }
    }

    @Test("Model, Engine and Protocol import no socket, clock, file or thread")
    func pureLayersStayPure() throws {
        for file in try Self.sources() where Self.pure.contains(file.layer) {
            for name in file.imports {
                #expect(!Self.impure.contains(name), "\(file.path) imports \(name)")
            }
        }
    }

    @Test("A planted import of a higher layer is noticed")
    func theCheckCanFail() {
        let planted = SourceFile(
            path: "Model/Model/Planted.swift", layer: "Model", module: "Model",
            text: "package import NIOCore\nimport Foundation\n")
        #expect(planted.imports == ["NIOCore", "Foundation"])
        #expect(planted.imports.allSatisfy(Self.impure.contains))
    }
}
