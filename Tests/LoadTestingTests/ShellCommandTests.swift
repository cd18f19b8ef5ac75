import Foundation
import Testing

@testable import LoadTesting

@Suite("Commands of faults")
struct ShellCommandTests {
    @Test("A command's status and output come back, and it knows its node")
    func outcome() async {
        let done = await ShellCommand.run(
            "echo $NODE; echo on $FAULT_NUMBER >&2; exit 3", environment: ["NODE": "n2", "FAULT_NUMBER": "7"])
        #expect(done.status == 3 && done.output == "n2\non 7\n")
        let killed = await ShellCommand.run("kill -9 $$", environment: [:])
        #expect(killed.status == 137)
        let missing = await ShellCommand.run("no-such-command-here", environment: [:])
        #expect(missing.status == 127 && missing.output.contains("no-such-command-here"))
    }

    @Test("What a command leaves running is not waited for")
    func background() async {
        let done = await ShellCommand.run("sleep 300 & echo $!", environment: [:])
        let child = pid_t(done.output.trimmingCharacters(in: .whitespacesAndNewlines))
        #expect(done.status == 0)
        // It still runs: it was not waited for, nor ended.
        #expect(child.map { kill($0, SIGKILL) } == 0)
    }
}
