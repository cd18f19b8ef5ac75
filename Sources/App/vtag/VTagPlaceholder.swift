@main struct VTag { static func main() {} }
