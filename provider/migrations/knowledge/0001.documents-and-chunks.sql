-- The assistants' knowledge: documents, cut into chunks of at most 512 tokens, each with its embedding
-- (text-embedding-3-small has 1,536 dimensions).

CREATE TABLE documents (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source text NOT NULL,
    title text NOT NULL,
    content_sha256 bytea NOT NULL CHECK (octet_length(content_sha256) = 32),
    locale text NOT NULL DEFAULT 'es-CL',
    metadata jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (source, content_sha256)
);

CREATE TABLE chunks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    document_id bigint NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    position integer NOT NULL CHECK (position >= 0),
    tokens integer NOT NULL CHECK (tokens BETWEEN 1 AND 512),
    content text NOT NULL,
    embedding vector(1536),
    UNIQUE (document_id, position)
);

-- Cosine distance, as the vendor of the embeddings advises. pgvector's own defaults: m = 16, ef_construction = 64.
CREATE INDEX chunks_embedding ON chunks USING hnsw (embedding vector_cosine_ops);
