extension MembershipStudy {
    /// The study as three Markdown tables.
    package var markdown: String {
        """
        **Detection**: seconds from a crash, 1% of frames lost.

        \(detectionTable)

        **False deaths with 1% of frames lost**, nobody crashes.

        \(table(of: losses, isSlow: false))

        **False deaths with slow members**: one in eight, at most 100, stands still again and again.

        \(table(of: slowness, isSlow: true))
        """
    }

    private var detectionTable: String {
        var lines = [
            "| members | setting | crashes | first: median | p99 | everywhere: median | p99 | missed | false deaths "
                + "| frames per member and second |",
            "| ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
        ]
        for row in detections {
            let cells = [
                "\(row.members)", row.setting.rawValue, "\(row.everywhere.count + row.missed)",
                seconds(row.first, percent: 50), seconds(row.first, percent: 99),
                seconds(row.everywhere, percent: 50), seconds(row.everywhere, percent: 99), "\(row.missed)",
                "\(row.falseDeaths)", decimal(row.framesPerMemberSecond, places: 2),
            ]
            lines.append("| " + cells.joined(separator: " | ") + " |")
        }
        return lines.joined(separator: "\n")
    }

    private func table(of rows: [Falseness], isSlow: Bool) -> String {
        var lines =
            isSlow
            ? [
                "| members | slow | setting | member-hours | healthy declared dead | of these by healthy members "
                    + "| per member-hour | slow declared dead, pauses to 2 s | longer "
                    + "| frames per member and second |",
                "| ---: | ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
            ]
            : [
                "| members | setting | member-hours | declared dead | per member-hour |",
                "| ---: | --- | ---: | ---: | ---: |",
            ]
        for row in rows {
            let rate = decimal(Double(row.healthyVictims) / row.memberHours, places: 4)
            let hours = decimal(row.memberHours, places: 1)
            let cells =
                isSlow
                ? [
                    "\(row.members)", "\(row.slowMembers)", row.setting.rawValue, hours, "\(row.healthyVictims)",
                    "\(row.declaredByHealthy)", rate, "\(row.shortlySlowVictims)", "\(row.slowVictims)",
                    decimal(row.framesPerMemberSecond, places: 2),
                ]
                : ["\(row.members)", row.setting.rawValue, hours, "\(row.healthyVictims)", rate]
            lines.append("| " + cells.joined(separator: " | ") + " |")
        }
        return lines.joined(separator: "\n")
    }

    /// The smallest sample that `percent` of all do not exceed, in seconds.
    private func seconds(_ sorted: [UInt64], percent: Int) -> String {
        if sorted.isEmpty { return "–" }
        let rank = (sorted.count * percent + 99) / 100
        return decimal(Double(sorted[max(0, rank - 1)]) / 1_000, places: 1)
    }

    private func decimal(_ value: Double, places: Int) -> String {
        var scale = 1
        for _ in 0..<places { scale *= 10 }
        let scaled = Int((value * Double(scale)).rounded())
        let digits = String(scaled % scale)
        return "\(scaled / scale)." + String(repeating: "0", count: places - digits.utf8.count) + digits
    }
}
