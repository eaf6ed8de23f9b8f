-- A tenant's database: our knowledge base (provider/migrations/knowledge), and a table of his own.
CREATE TABLE documents (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, source text NOT NULL);
CREATE TABLE chunks (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, document_id bigint NOT NULL REFERENCES documents,
    position integer NOT NULL, tokens integer NOT NULL, content text NOT NULL, embedding vector(1536), UNIQUE (document_id, position));
CREATE INDEX chunks_embedding ON chunks USING hnsw (embedding vector_cosine_ops);
INSERT INTO documents (source) VALUES ('manual');
INSERT INTO chunks (document_id, position, tokens, content, embedding)
SELECT 1, n, 10, 'trozo ' || n, (SELECT array_agg(sin(n * 1000 + i)) FROM generate_series(1, 1536) i)::vector FROM generate_series(0, 19) n;
CREATE TABLE pedidos (id serial PRIMARY KEY, total int);
INSERT INTO pedidos (total) SELECT n FROM generate_series(1, 50) n;
