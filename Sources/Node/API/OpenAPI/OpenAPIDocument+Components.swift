extension OpenAPIDocument {
    static let components = #"""
        components:
          securitySchemes:
            token:
              type: http
              scheme: bearer
              bearerFormat: JWT
              description: >-
                Signed with ES256, EdDSA, RS256 or HS256; needs `exp`, `sub` and `role` (or `roles`). With `vtag_scope`
                (`accounts`, `providers`, `condition`) it is limited to some resources; the others do not exist for it, and
                what is about all resources answers 403.
          parameters:
            Id:
              name: id
              in: path
              required: true
              schema: { $ref: '#/components/schemas/Id' }
            NodeName:
              name: name
              in: path
              required: true
              schema: { type: string, minLength: 1, maxLength: 64, pattern: '^[A-Za-z0-9._-]+$' }
            Limit:
              name: limit
              in: query
              description: Most items of the page.
              schema: { type: integer, minimum: 1, maximum: \#(Call.limitMax), default: \#(Call.limitDefault) }
            ReadConsistency:
              name: Read-Consistency
              in: header
              description: >
                `linearizable`: with everything that was acknowledged before the request came. `stale`: as the node that is asked
                has it, which needs no leader; `Staleness-Ms` says how old that may be.
              schema: { type: string, enum: [linearizable, stale], default: linearizable }
            MinRevision:
              name: Min-Revision
              in: header
              description: >
                The `Revision` of a write: the read waits until the node has it, 10 s at most or as `Prefer: wait=SECONDS` says, else
                it is 504.
              schema: { type: string, pattern: '^[0-9]+:[0-9]+(,[0-9]+:[0-9]+)*$' }
          headers:
            Staleness-Ms:
              description: Of a stale read, and of any in a region that follows another one. For how long the node may have lacked something, in milliseconds.
              schema: { type: integer, minimum: 0 }
            As-Of-Index:
              description: >-
                In a region that follows another one: everything up to these entries was there, `SHARD:INDEX` for each shard that was
                read; not told where more than 64 were.
              schema: { type: string, pattern: '^[0-9]+:[0-9]+(,[0-9]+:[0-9]+)*$' }
            Revision:
              description: Of a write. Where it is; give it to reads as Min-Revision.
              schema: { type: string, pattern: '^[0-9]+:[0-9]+(,[0-9]+:[0-9]+)*$' }
            ETag:
              description: Changes whenever the thing does.
              schema: { type: string, pattern: '^"[0-9a-f]+"$' }
            Retry-After:
              description: Seconds.
              schema: { type: integer, minimum: 1 }
            WWW-Authenticate:
              schema: { type: string }
          responses:
            Done: { description: Done }
            NotModified:
              description: Nothing has changed since the ETag in If-None-Match
              headers:
                Staleness-Ms: { $ref: '#/components/headers/Staleness-Ms' }
                As-Of-Index: { $ref: '#/components/headers/As-Of-Index' }
            Health:
              description: Yes
              content:
                application/json:
                  schema:
                    type: object
                    required: [status]
                    properties:
                      status: { type: string, enum: [live, ready] }
            NodeDecision:
              description: What is decided of the node; it takes effect step by step
              content:
                application/json:
                  schema:
                    type: object
                    required: [name, state]
                    properties:
                      name: { type: string }
                      state: { type: string, enum: [active, draining] }
            Accepted:
              description: It runs; poll the execution
              headers:
                Location: { schema: { type: string } }
              content:
                application/json:
                  schema: { $ref: '#/components/schemas/Execution' }
            Events:
              description: What became of the events
              content:
                application/json:
                  schema:
                    oneOf:
                      - $ref: '#/components/schemas/EventSummary'
                      - type: object
                        additionalProperties: false
                        required: [status, subscribe_url]
                        properties:
                          status: { type: string, enum: [confirmation_required] }
                          subscribe_url: { type: string }
            Resource:
              description: The resource
              headers:
                Staleness-Ms: { $ref: '#/components/headers/Staleness-Ms' }
                As-Of-Index: { $ref: '#/components/headers/As-Of-Index' }
                ETag: { $ref: '#/components/headers/ETag' }
              content:
                application/json:
                  schema: { $ref: '#/components/schemas/Resource' }
        \#(problem("BadRequest", "The request cannot be understood: malformed JSON, an unknown or bad parameter, a bad cursor"))
            Unauthorized:
              description: No token, or one that does not count
              headers:
                WWW-Authenticate: { $ref: '#/components/headers/WWW-Authenticate' }
              content: { application/problem+json: { schema: { $ref: '#/components/schemas/Problem' } } }
        \#(problem("Forbidden", "The token's role does not suffice, or what it is limited to does not hold it"))
        \#(problem("NotFound", "There is no such thing"))
        \#(problem("NotAcceptable", "Nothing that is offered is acceptable to Accept"))
        \#(problem("RequestTimeout", "The body did not arrive in time"))
        \#(problem("Conflict", "Not possible as things are: a name is in use, or the tag would come back at once"))
        \#(problem("PreconditionFailed", "Changed since it was read"))
        \#(problem("ContentTooLarge", "The body is too long"))
        \#(problem("UriTooLong", "The target is longer than 8 KiB"))
        \#(problem("HeadersTooLarge", "The header fields are longer than 32 KiB, or more than 100"))
        \#(problem("UnsupportedMediaType", "The Content-Type is not one that is taken here"))
        \#(problem("Gone", "What is asked for was removed by the retention of the audit history; `detail` says from when on it is there"))
        \#(problem("ValidationFailed", "Well-formed but not valid; `errors` says where and what"))
            TooManyRequests:
              description: The node takes in more than it can, or the token's subject sends more than it may
              headers:
                Retry-After: { $ref: '#/components/headers/Retry-After' }
              content: { application/problem+json: { schema: { $ref: '#/components/schemas/Problem' } } }
        \#(problem("InternalError", "Something went wrong in the node"))
        \#(problem("RevisionNotReached", "Of a read with Min-Revision: the node did not have it in time; `revision` says what it has"))
            Unavailable:
              description: The node stops, its disk is full, or no leader is found; `detail` says whether anything happened
              headers:
                Retry-After: { $ref: '#/components/headers/Retry-After' }
              content: { application/problem+json: { schema: { $ref: '#/components/schemas/Problem' } } }

        """#

    private static func problem(_ name: String, _ description: String) -> String {
        #"""
            \#(name):
              description: "\#(description)"
              content: { application/problem+json: { schema: { $ref: '#/components/schemas/Problem' } } }
        """#
    }
}
