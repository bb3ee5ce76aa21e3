"""PyTorch and transformers on the bench's model: training and decoding rates on the CPU, as one JSON document.

The same shape, batch and optimiser as bench/train.ts: LlamaForCausalLM, f32, AdamW, full sequences without padding.
"""

import argparse
import json
import resource
import statistics
import time

import torch
import transformers
from transformers import LlamaConfig, LlamaForCausalLM


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vocab", type=int, default=4096)
    parser.add_argument("--hidden", type=int, default=256)
    parser.add_argument("--intermediate", type=int, default=688)
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--heads", type=int, default=4)
    parser.add_argument("--tokens", type=int, default=128)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--warmup", type=int, default=5)
    parser.add_argument("--sequences", type=int, default=32, help="decoded together")
    parser.add_argument("--prompt", type=int, default=32, help="prompt tokens of each")
    parser.add_argument("--new", type=int, default=96, help="new tokens of each")
    parser.add_argument("--rounds", type=int, default=3, help="decoding rounds")
    parser.add_argument("--threads", type=int, default=2)
    return parser.parse_args()


def build(args):
    config = LlamaConfig(
        vocab_size=args.vocab,
        hidden_size=args.hidden,
        intermediate_size=args.intermediate,
        num_hidden_layers=args.layers,
        num_attention_heads=args.heads,
        num_key_value_heads=args.heads,
        max_position_embeddings=args.prompt + args.new + args.tokens,
        tie_word_embeddings=True,
    )
    return LlamaForCausalLM(config).float()


def training(model, args):
    """Median seconds of an optimiser step over batch x tokens."""
    model.train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-4, weight_decay=0.01)
    seconds = []
    for step in range(args.warmup + args.steps):
        ids = torch.randint(0, args.vocab, (args.batch, args.tokens))
        started = time.perf_counter()
        model(input_ids=ids, labels=ids).loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        if step >= args.warmup:
            seconds.append(time.perf_counter() - started)
    return statistics.median(seconds)


def decoding(model, args):
    """Median seconds of greedy decoding with a key-value cache; EOS is off, so that every round does equal work."""
    model.eval()
    seconds = []
    with torch.inference_mode():
        for _ in range(1 + args.rounds):
            ids = torch.randint(0, args.vocab, (args.sequences, args.prompt))
            started = time.perf_counter()
            out = model.generate(
                input_ids=ids,
                attention_mask=torch.ones_like(ids),
                do_sample=False,
                use_cache=True,
                min_new_tokens=args.new,
                max_new_tokens=args.new,
                eos_token_id=None,
                pad_token_id=0,
            )
            seconds.append(time.perf_counter() - started)
            assert out.shape[1] == args.prompt + args.new
    return statistics.median(seconds[1:])


def main():
    args = arguments()
    torch.set_num_threads(args.threads)
    torch.manual_seed(17)
    model = build(args)
    step = training(model, args)
    decode = decoding(model, args)
    result = {
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "threads": torch.get_num_threads(),
        "parameters": sum(p.numel() for p in model.parameters()),
        "tied": True,
        "train_tokens_per_second": args.batch * args.tokens / step,
        "train_step_seconds": step,
        "decode_tokens_per_second": args.sequences * args.new / decode,
        "decode_sequences": args.sequences,
        "decode_new_tokens": args.new,
        # Linux counts kibibytes here.
        "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
