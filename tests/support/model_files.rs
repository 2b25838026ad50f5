//! The model and data files of `tests/fixtures/assistant`, as bytes.
//!
//! Each is a real file of its format, only small: a header that any reader of the format accepts,
//! and a tensor of a few numbers that the fixture's own code computes with. The bytes depend on
//! nothing but this source. `tests/fixture_files.rs` holds them against the committed files, so
//! that nobody has to trust a binary that came from elsewhere.
//!
//! Formats: GGUF v3 (ggml `docs/gguf.md`), safetensors (`safetensors/README.md`), ONNX
//! (`onnx/onnx.proto`, IR version 8), PEFT's `adapter_config.json`, the JSON of Hugging Face
//! `tokenizers`.

/// Every generated file: its path below `tests/fixtures/assistant`, and its bytes.
pub fn all() -> [(&'static str, Vec<u8>); 7] {
    [
        ("assistant/data/place-names.csv", place_names()),
        ("crates/chat/models/support-chat/adapter_config.json", support_chat_config()),
        ("crates/chat/models/support-chat/adapter_model.safetensors", support_chat()),
        ("crates/intents/models/intent-student.gguf", intent_student()),
        ("crates/ranking/models/ranker.safetensors", ranker()),
        ("crates/spelling/models/spellcheck.onnx", spellcheck()),
        ("crates/spelling/models/tokenizer-en.json", tokenizer_en()),
    ]
}

/// The adapter `support-chat`: the two LoRA matrices of one projection, of rank 2.
pub fn support_chat() -> Vec<u8> {
    safetensors(
        &[
            ("format", "pt"),
            ("modelspec.title", "support-chat"),
            ("modelspec.author", "Acme"),
            ("modelspec.license", "Apache-2.0"),
        ],
        &[
            (
                "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight",
                &[2, 3],
                &[0.5, 0.25, -0.125, 0.75, 0.5, -0.25],
            ),
            (
                "base_model.model.model.layers.0.self_attn.q_proj.lora_B.weight",
                &[3, 2],
                &[0.125, 0.25, 0.5, 0.25, -0.5, 0.75],
            ),
        ],
    )
}

/// What PEFT writes beside an adapter; it names the base, and has no field for a licence.
pub fn support_chat_config() -> Vec<u8> {
    br#"{
  "base_model_name_or_path": "meta-llama/Llama-2-7b-chat-hf",
  "bias": "none",
  "fan_in_fan_out": false,
  "inference_mode": true,
  "lora_alpha": 4,
  "lora_dropout": 0.0,
  "peft_type": "LORA",
  "r": 2,
  "revision": "f5db02d",
  "target_modules": ["q_proj"],
  "task_type": "CAUSAL_LM"
}
"#
    .to_vec()
}

/// The model `intent-student`, with the licence and the base that its maker states in it.
///
/// Like many a distilled model it is silent about its teacher: only the manifest names that.
pub fn intent_student() -> Vec<u8> {
    gguf(
        &[
            ("general.architecture", Value::Text("intentnet")),
            ("general.type", Value::Text("model")),
            ("general.name", Value::Text("Intent Student")),
            ("general.organization", Value::Text("Acme")),
            ("general.license", Value::Text("mit")),
            ("general.base_model.count", Value::Number(1)),
            ("general.base_model.0.name", Value::Text("Intent Base")),
            ("general.base_model.0.organization", Value::Text("Acme")),
            ("general.base_model.0.repo_url", Value::Text("https://huggingface.co/acme/intent-base")),
            ("general.alignment", Value::Number(GGUF_ALIGNMENT)),
            ("general.file_type", Value::Number(0)), // all tensors are F32
        ],
        ("intent.weight", &[-0.5, 0.75, 0.5, 1.0, 0.25, -1.0, -0.75, -0.25]),
    )
}

/// The model `ranker`: one weight for a match, for the distance, and for the visitors.
pub fn ranker() -> Vec<u8> {
    safetensors(
        &[
            ("format", "pt"),
            ("modelspec.title", "ranker"),
            ("modelspec.author", "Acme"),
            ("modelspec.license", "Apache-2.0"),
        ],
        &[("linear.weight", &[1, 3], &[2.0, -0.5, 0.25])],
    )
}

/// The model `spellcheck`: `y = x · weight`, for a row `x` of two features.
pub fn spellcheck() -> Vec<u8> {
    let mut weight = Vec::new();
    int(&mut weight, 1, 2); // dims
    int(&mut weight, 1, 1);
    int(&mut weight, 2, FLOAT); // data_type
    bytes(&mut weight, 8, b"weight"); // name
    bytes(&mut weight, 9, &little_endian(&[0.25, -0.5])); // raw_data

    let mut node = Vec::new();
    bytes(&mut node, 1, b"x"); // input
    bytes(&mut node, 1, b"weight");
    bytes(&mut node, 2, b"y"); // output
    bytes(&mut node, 3, b"score"); // name
    bytes(&mut node, 4, b"MatMul"); // op_type

    let mut graph = Vec::new();
    bytes(&mut graph, 1, &node);
    bytes(&mut graph, 2, b"spellcheck"); // name
    bytes(&mut graph, 5, &weight); // initializer
    bytes(&mut graph, 11, &matrix(b"x", &[1, 2])); // input
    bytes(&mut graph, 12, &matrix(b"y", &[1, 1])); // output

    let mut opset = Vec::new();
    int(&mut opset, 2, 13); // version; no domain is ONNX's own

    let mut model = Vec::new();
    int(&mut model, 1, 8); // ir_version
    bytes(&mut model, 2, b"cargo-covenant fixtures"); // producer_name
    bytes(&mut model, 3, b"1"); // producer_version
    bytes(&mut model, 6, b"Which word was meant, from the letters it shares with another"); // doc_string
    bytes(&mut model, 7, &graph);
    bytes(&mut model, 8, &opset); // opset_import
    for (key, value) in [("model_author", "Acme"), ("model_license", "Apache-2.0")] {
        let mut entry = Vec::new();
        bytes(&mut entry, 1, key.as_bytes());
        bytes(&mut entry, 2, value.as_bytes());
        bytes(&mut model, 14, &entry); // metadata_props
    }
    model
}

/// The tokenizer `tokenizer-en`: one token a word.
pub fn tokenizer_en() -> Vec<u8> {
    const WORDS: [&str; 13] =
        ["a", "find", "harbour", "hello", "is", "island", "lighthouse", "me", "nearest", "of", "the", "town", "where"];
    let vocabulary: String =
        WORDS.iter().enumerate().map(|(index, word)| format!(",\"{word}\":{}", index.saturating_add(1))).collect();
    let before = r#"{"version":"1.0","truncation":null,"padding":null,"added_tokens":[],"normalizer":{"type":"Lowercase"},"pre_tokenizer":{"type":"WhitespaceSplit"},"post_processor":null,"decoder":null,"model":{"type":"WordLevel","vocab":{"[UNK]":0"#;
    format!("{before}{vocabulary}}},\"unk_token\":\"[UNK]\"}}}}\n").into_bytes()
}

/// The data set `place-names`: places that do not exist, on a coast that does not either.
pub fn place_names() -> Vec<u8> {
    b"name,kind,distance_km,visitors
Eldermouth,harbour,12,340
Saltwick Haven,harbour,31,1250
Old Marrow,town,4,800
Quillon,town,27,95
Brant Skerry,island,18,60
Greater Loom,island,44,410
Needle Light,lighthouse,9,150
Farrow Light,lighthouse,52,35
"
    .to_vec()
}

/// A safetensors file: the length of the header, the header, then the tensors one after another.
///
/// The header is padded with spaces to a multiple of eight, as the format's own writer does.
/// No name or value here needs a JSON escape.
fn safetensors(metadata: &[(&str, &str)], tensors: &[(&str, &[usize], &[f32])]) -> Vec<u8> {
    let metadata: Vec<String> = metadata.iter().map(|(key, value)| format!("\"{key}\":\"{value}\"")).collect();
    let mut header = format!("{{\"__metadata__\":{{{}}}", metadata.join(","));
    let mut data = Vec::new();
    for (name, shape, values) in tensors {
        let begin = data.len();
        data.extend(little_endian(values));
        let end = data.len();
        header += &format!(",\"{name}\":{{\"dtype\":\"F32\",\"shape\":{shape:?},\"data_offsets\":[{begin},{end}]}}");
    }
    header.push('}');
    while !header.len().is_multiple_of(8) {
        header.push(' ');
    }

    let mut file = length(header.len()).to_le_bytes().to_vec();
    file.extend(header.into_bytes());
    file.extend(data);
    file
}

/// What a GGUF key may hold, as far as these files need it.
enum Value {
    Text(&'static str),
    Number(u32),
}

const GGUF_ALIGNMENT: u32 = 32;

/// A little-endian GGUF v3 file with one vector of `f32`.
fn gguf(metadata: &[(&str, Value)], (name, values): (&str, &[f32])) -> Vec<u8> {
    const UINT32: u32 = 4;
    const STRING: u32 = 8;
    const F32: u32 = 0;

    let text = |file: &mut Vec<u8>, text: &str| {
        file.extend(length(text.len()).to_le_bytes());
        file.extend(text.as_bytes());
    };

    let mut file = b"GGUF".to_vec();
    file.extend(3_u32.to_le_bytes());
    file.extend(1_u64.to_le_bytes()); // tensors
    file.extend(length(metadata.len()).to_le_bytes());
    for (key, value) in metadata {
        text(&mut file, key);
        match value {
            Value::Text(value) => {
                file.extend(STRING.to_le_bytes());
                text(&mut file, value);
            }
            Value::Number(value) => {
                file.extend(UINT32.to_le_bytes());
                file.extend(value.to_le_bytes());
            }
        }
    }

    text(&mut file, name);
    file.extend(1_u32.to_le_bytes()); // dimensions
    file.extend(length(values.len()).to_le_bytes());
    file.extend(F32.to_le_bytes());
    file.extend(0_u64.to_le_bytes()); // offset, from where the data begin

    // The data begin at a multiple of the alignment, and ggml wants each tensor to end at one.
    pad(&mut file);
    file.extend(little_endian(values));
    pad(&mut file);
    file
}

/// Fills up with zeros to the next multiple of the alignment.
fn pad(file: &mut Vec<u8>) {
    while !length(file.len()).is_multiple_of(u64::from(GGUF_ALIGNMENT)) {
        file.push(0);
    }
}

/// ONNX: `TensorProto.DataType.FLOAT`.
const FLOAT: u64 = 1;

/// ONNX: a `ValueInfoProto` for a matrix of floats.
fn matrix(name: &[u8], shape: &[u64]) -> Vec<u8> {
    let mut dimensions = Vec::new();
    for size in shape {
        let mut dimension = Vec::new();
        int(&mut dimension, 1, *size); // dim_value
        bytes(&mut dimensions, 1, &dimension);
    }
    let mut tensor = Vec::new();
    int(&mut tensor, 1, FLOAT); // elem_type
    bytes(&mut tensor, 2, &dimensions); // shape
    let mut kind = Vec::new();
    bytes(&mut kind, 1, &tensor); // tensor_type
    let mut info = Vec::new();
    bytes(&mut info, 1, name);
    bytes(&mut info, 2, &kind); // type
    info
}

/// Protobuf: an integer field.
fn int(message: &mut Vec<u8>, field: u64, value: u64) {
    varint(message, field << 3);
    varint(message, value);
}

/// Protobuf: a field of bytes, of text, or of another message.
fn bytes(message: &mut Vec<u8>, field: u64, value: &[u8]) {
    varint(message, field << 3 | 2);
    varint(message, length(value.len()));
    message.extend(value);
}

/// Protobuf: seven bits a byte, the lowest first; the eighth says that more follow.
fn varint(message: &mut Vec<u8>, mut value: u64) {
    loop {
        let [low, ..] = value.to_le_bytes();
        value >>= 7;
        if value == 0 {
            message.push(low & 0x7f);
            return;
        }
        message.push(low | 0x80);
    }
}

fn little_endian(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn length(length: usize) -> u64 {
    u64::try_from(length).expect("a usize has at most 64 bits")
}
