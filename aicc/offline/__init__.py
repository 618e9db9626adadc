"""The Pulumi program without Pulumi's engine: its resources recorded, its charts rendered, its manifests in order."""
